"""F03: the power goes. SQLite's own files are held by a disk that forgets what was not synced and tears the last write."""

from fault import fault


@fault("F03", "of what was not synced only some comes to the disk, in any order, the last write in part; 100 seeds", gate=False,
       unit_tests=("sov_unit_outer_tests",))
def run(bench):
    count = bench.unit_tests("PowerLoss.*:FailingDisk.*")
    return f"{count} unit tests: every number that was reserved stays so, the state starts, records that are left are whole"
