"""The same functions on more than one core or machine, with Dask: `kott_notebooks[dask]`.

    epg = kott.save(kott.epg(session, "today", "today+7d"), "store", by="channel")
    scale.map_channels("store", schedule.audit, name="epg")       partitions of whole channels
    scale.map_assets("store", catalog.audit, name="assets")       partitions of some assets each
    scale.pull_assets(kott.login, to="store")                     windows, each pulled by a worker
    scale.map_partners({"north": login_north}, pull_and_audit)    partners side by side

Tasks run where Dask runs them: on a cluster if a `dask.distributed.Client` is connected, else in
threads or processes, as `dask.config` says. Results are those of the functions on one machine.
"""

from kott_notebooks.scale.assets import map_assets
from kott_notebooks.scale.channels import map_channels
from kott_notebooks.scale.pulls import map_partners, pull_assets

__all__ = ["map_assets", "map_channels", "map_partners", "pull_assets"]


def __dir__() -> list[str]:
    return __all__
