"""Kaltura's own web player against the demo, from a page of another origin."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from kott_notebooks import demo
from kott_notebooks.demo.server import Server

PAGE = """<!doctype html><meta charset="utf-8"><title>player</title>
<div id="player"></div><script src="player.js"></script>"""


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Write nothing."""


@pytest.fixture(scope="module")
def player(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve a page with the player at a port of its own; give its address.

    The player's script stays outside of this project, since its licence is not ours.
    """
    script = os.environ.get("KOTT_PLAYER_JS")
    if not script:
        pytest.skip("KOTT_PLAYER_JS names no kaltura-tv-player.js of @playkit-js/kaltura-player-js")
    folder = tmp_path_factory.mktemp("page")
    (folder / "index.html").write_text(PAGE)
    (folder / "player.js").symlink_to(Path(script).resolve())
    handler = partial(_Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/index.html"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """Serve a small partner."""
    backend = demo.make(assets=100, channels=3, days=2, households=5, defects=False)
    with Server(backend) as running:
        yield running


def asked(page: Page, player: str, server: Server, code: str, ids: list[str]) -> Any:
    """Open the page, set the player up for the demo, and give what a piece of code answers."""
    page.goto(player)
    page.wait_for_function("window.KalturaPlayer !== undefined")
    setup = """async ([url, partner, ids]) => {
        const player = KalturaPlayer.setup({
            targetId: 'player', log: {level: 'OFF'}, plugins: {},
            provider: {partnerId: partner, env: {serviceUrl: url + '/api_v3'}},
        });
        CODE
    }"""
    script = setup.replace("CODE", code)
    return page.evaluate(script, [server.url, demo.PARTNER_ID, ids])


def movies(server: Server) -> list[dict[str, Any]]:
    """Give movies that are on offer."""
    session = demo.login(backend=server.backend, user="anonymous")
    wanted = {"objectType": "KalturaSearchAssetFilter", "kSql": "asset_type='411'"}
    return list(session.records("asset", filter=wanted, limit=3))


def test_it_gets_a_session_media_and_sources(page: Page, player: str, server: Server) -> None:
    """One multirequest of the player: anonymous login, asset and playback context."""
    movie = movies(server)[0]
    code = """
        const config = await player.provider.getMediaConfig({
            entryId: ids[0], mediaType: 'MEDIA', contextType: 'PLAYBACK', protocol: 'https',
            assetReferenceType: 'media', formats: ['HLS_Main', 'DASH_Main'],
        });
        return {
            name: config.sources.metadata.name, id: config.sources.id,
            hls: config.sources.hls.map(one => one.url), ks: config.session.ks,
        };
    """
    seen = asked(page, player, server, code, [str(movie["id"])])
    assert seen["name"] == movie["name"]
    assert str(seen["id"]) == str(movie["id"])
    assert seen["ks"].startswith("djJ8")
    urls = {one["url"] for one in movie["mediaFiles"] if one["type"] == "HLS_Main"}
    assert set(seen["hls"]) == urls


def test_it_gets_a_list_of_entries(page: Page, player: str, server: Server) -> None:
    """In their order, each with its name."""
    wanted = movies(server)
    code = """
        const list = await player.provider.getEntryListConfig({entries: ids.map(
            entryId => ({entryId, mediaType: 'MEDIA', contextType: 'PLAYBACK'}))});
        return list.items.map(one => one.sources.metadata.name);
    """
    names = asked(page, player, server, code, [str(one["id"]) for one in wanted])
    assert names == [one["name"] for one in wanted]
