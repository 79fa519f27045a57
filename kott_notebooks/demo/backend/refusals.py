"""What the API refuses: one exception, raised under the name that the schema gives to its code."""

from __future__ import annotations

from functools import cache
from typing import Any

from kott_notebooks import schema

MESSAGES = {
    "Error": "{why}",
    "DomainNotExists": "Household [{id}] does not exist",
    "UserNotInDomain": "User [{id}] is in no household",
    "WrongPasswordOrUserName": "The username or password is not correct",
    "UserDoesNotExist": "User [{id}] does not exist",
    "UserSuspended": "User suspended",
    "InsideLockTime": "The user is locked after too many failed logins",
    "BadSearchRequest": "{why} at position {position}",
    "SyntaxError": "Syntax error at position {position}: {why}",
    "InvalidSearchField": "Invalid search field [{field}] at position {position}",
    "HouseholdForbidden": "Household [{id}] is not yours",
    "UserNotActivated": "The user is not activated",
    "PinNotExists": "There is no such pin",
    "ProgramDoesntExist": "Program [{id}] does not exist",
    "ChannelDoesNotExist": "Channel [{id}] does not exist",
    "AssetDoesNotExist": "Asset [{id}] does not exist",
    "RegionDoesNotExist": "Region [{id}] does not exist",
    "BulkUploadDoesNotExist": "Bulk upload [{id}] does not exist",
    "AssetStructDoesNotExist": "Asset struct [{id}] does not exist",
    "InvalidAppTokenHash": "Invalid application token hash",
    "ExpiredAppToken": "Application token expired",
    "InvalidMultirequestToken": "Invalid multirequest token [{token}]",
    "BadRequest": "Bad request: {why}",
    "ServiceForbidden": "Service forbidden",
    "PartnerInvalid": "Partner [{partner}] is not valid",
    "InvalidService": "Service [{service}] does not exist",
    "InvalidAction": "Action [{service}.{action}] does not exist",
    "InvalidActionParameters": "Action parameter [{parameter}] is not known",
    "InvalidActionParameter": "Action parameter [{parameter}] is not of type [{type}]",
    "InvalidKS": "Invalid KS format",
    "ExpiredKS": "KS expired",
    "AbstractParameter": "Parameter [{parameter}] is of the abstract type [{type}]",
    "MediaIdsMustBeNumeric": "Media ids must be numeric",
    "EpgInternalIdsMustBeNumeric": "Internal program ids must be numeric",
    "ActionNotSpecified": "No action was named",
    "RefreshTokenFailed": "Failed to refresh the session",
    "EnumValueNotSupported": "Value [{value}] of argument [{argument}] is not in [{type}]",
    "MultirequestIndexNotZeroBased": "The requests of a multirequest count from 0 or 1",
    "MultirequestInvalidIndex": "Request [{index}] has no result yet",
    "ArgumentMaxLengthCrossed": "Argument [{argument}] is longer than [{value}]",
    "ArgumentMinValueCrossed": "Argument [{argument}] is below its minimum [{value}]",
    "ArgumentMaxValueCrossed": "Argument [{argument}] is above its maximum [{value}]",
    "ArgumentNotInPredefinedRange": "Argument [{argument}] is not one of [{value}]",
    "PropertyActionForbidden": "Property [{type}.{property}] may not be used",
    "ActionArgumentForbidden": "Argument [{argument}] of [{service}.{action}] may not be used",
    "MissingParameter": "Parameter [{parameter}] is missing",
    "ObjectIdNotFound": "[{type}] with id [{id}] was not found",
    "InvalidVersion": "Version [{version}] is not valid",
    "MultirequestGenericMethod": "A multirequest may not hold another",
    "HttpMethodNotSupported": "HTTP method [{method}] is not supported",
    "InvalidArgumentValue": "Value [{value}] of argument [{argument}] is not valid",
    "GroupDoesNotContainLanguage": "Language [{language}] is not one of the partner's",
    "GroupDoesNotContainCurrency": "Currency [{currency}] is not one of the partner's",
    "InvalidObjectType": "[{type}] is no [{expected}]",
    "RequestAborted": "Aborted: an earlier request of the multirequest failed",
    "RequestSkipped": "Skipped by its condition",
    "FormatNotSupported": "Format [{format}] is not supported",
    "RateLimitExceeded": "Rate limit exceeded",
}


@cache
def _codes() -> dict[str, str]:
    return {name: code for code, name in schema.data()["errors"].items()}


class Refusal(Exception):
    """An error of the API, as a reply has it: code, message and named arguments."""

    def __init__(self, name: str, **details: object) -> None:
        self.name = name
        self.code = _codes()[name]
        self.details = {key: _printable(value) for key, value in details.items()}
        self.message = MESSAGES[name].format_map(self.details)
        super().__init__(f"{self.code} {self.message}")

    def reply(self) -> dict[str, Any]:
        """Lay the error out as the object that travels."""
        error: dict[str, Any] = {
            "objectType": "KalturaAPIException",
            "code": self.code,
            "message": self.message,
        }
        if self.details:
            error["args"] = [
                {"objectType": "KalturaApiExceptionArg", "name": name, "value": value}
                for name, value in self.details.items()
            ]
        return {"error": error}


def _printable(value: object) -> str:
    """Make text that any encoding can carry of what a client sent."""
    return str(value)[:500].encode("utf-8", "replace").decode("utf-8")
