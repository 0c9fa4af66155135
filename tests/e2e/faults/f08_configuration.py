"""F08: a configuration that nobody can mean."""

import os
import pathlib

from fault import fault
from lab import Lab
from scenario import expect
from start_scenarios import CONFIG_INVALID


def broken(folder):
    """Paths of configurations, by what is wrong with them."""
    huge, octets, loop, unknown = (pathlib.Path(folder) / name for name in ("huge", "octets", "loop", "unknown"))
    huge.write_bytes(b"# nothing\n" * (64 * 1024 * 1024 // 10))
    octets.write_bytes(os.urandom(65536))
    loop.symlink_to(loop)
    unknown.write_text("".join(f"nobody.knows{at} = 1\n" for at in range(10_000)))
    return {"64 MiB": huge, "octets": octets, "a loop of links": loop, "10,000 unknown keys": unknown,
            "a folder": pathlib.Path(folder), "missing": pathlib.Path(folder) / "missing"}


@fault("F08", "64 MiB, random octets, a loop of links, unknown keys, a folder, nothing: at the start, then at a reload")
def run(bench):
    with Lab(bench.binaries, 1) as lab:
        daemon = lab.hosts[0].daemon()
        files = broken(daemon.folder)
        for what, path in files.items():
            done = lab.hosts[0].inside(lab.binaries / "sovereignd", "--config", path, check=False, timeout=30)
            said = done.stdout + done.stderr
            expect(done.returncode == CONFIG_INVALID and said, f"{what}: exit {done.returncode}: {said[:300]}")
            expect(len(said) < 100_000, f"{what}: it said {len(said)} octets")
        daemon.start()
        good, before = daemon.config.read_bytes(), daemon.ctl("whoami")["id"]
        for what, path in files.items():
            daemon.config.unlink(missing_ok=True)
            if path.exists() or path.is_symlink():
                os.replace(path, daemon.config) if not path.is_dir() else daemon.config.mkdir()
            done = daemon.ctl_raw("config", "reload")
            expect(done.returncode != 0, f"{what}: a reload said that all is well: {done.stdout}")
            expect(daemon.ctl("whoami")["id"] == before, f"{what}: the daemon changed")
            daemon.config.rmdir() if daemon.config.is_dir() and not daemon.config.is_symlink() else None
        daemon.config.unlink(missing_ok=True)
        daemon.config.write_bytes(good)
        expect(daemon.ctl_raw("config", "reload").returncode == 0, "the good file is not taken any more")
        return f"{len(files)} files refused with exit {CONFIG_INVALID}, {len(files)} reloads refused, the old one kept"
