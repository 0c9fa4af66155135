"""The services of a desktop on a virtual host's own message bus: logind, NetworkManager and UPower, as far as the daemon
listens to them. Also a clock that a scenario sets: a small library between the daemon and the kernel's clocks."""

import json
import os
import struct
import subprocess

from commands import LabError, wait_until
from responder import BUS_CONF

# Runs under Debian's own Python, which has the binding of D-Bus.
SERVICES = """
import json, sys
import dbus, dbus.lowlevel, dbus.mainloop.glib, dbus.service
from gi.repository import GLib

NAMES = {"login": "org.freedesktop.login1", "network": "org.freedesktop.NetworkManager",
         "power": "org.freedesktop.UPower"}
PATHS = {name: "/" + name.replace(".", "/") for name in NAMES.values()}
PROPERTIES = "org.freedesktop.DBus.Properties"


class Service(dbus.service.Object):
    def __init__(self, address, name, values):
        self.bus, self.name, self.values = dbus.bus.BusConnection(address), name, values
        super().__init__(self.bus, PATHS[name])
        self.owned = dbus.service.BusName(name, self.bus)

    @dbus.service.method(PROPERTIES, in_signature="s", out_signature="a{sv}")
    def GetAll(self, interface):
        return self.values

    def set(self, values):
        self.values.update(values)
        self.send(PATHS[self.name], PROPERTIES, "PropertiesChanged", "sa{sv}as", self.name, values, [])

    def send(self, path, interface, member, signature, *arguments):
        message = dbus.lowlevel.SignalMessage(path, interface, member)
        message.append(*arguments, signature=signature)
        self.bus.send_message(message)
        self.bus.flush()

    def close(self):
        self.remove_from_connection()
        self.owned = None  # gives the name back, while there is somebody to give it to
        self.bus.close()


dbus.mainloop.glib.DBusGMainLoop(set_as_default=True)
address, services = sys.argv[1], {}


def typed(values):
    return {key: dbus.Boolean(value) if isinstance(value, bool) else dbus.UInt32(value) for key, value in values.items()}


def do(order):
    who = order["who"]
    if order["do"] == "start":
        services[who] = Service(address, NAMES[who], typed(order["values"]))
    elif order["do"] == "set":
        services[who].set(typed(order["values"]))
    elif order["do"] == "stop":
        services.pop(who).close()
    elif order["do"] == "sleep":
        services[who].send("/org/freedesktop/login1", "org.freedesktop.login1.Manager", "PrepareForSleep", "b",
                           dbus.Boolean(order["asleep"]))


def ready(channel, condition):
    line = sys.stdin.readline()
    if not line:
        loop.quit()
        return False
    do(json.loads(line))
    print("ok", flush=True)
    return True


loop = GLib.MainLoop()
GLib.io_add_watch(sys.stdin, GLib.IO_IN | GLib.IO_HUP, ready)
loop.run()
"""


class Desktop:
    """Daemons that are started on the host after it find this bus as the system's."""

    def __init__(self, host, bus=None):
        """On the bus with the socket `bus`, or on one of its own."""
        self.host = host
        self.socket = bus or self.own_bus()
        self.services = host.start_inside("/usr/bin/python3", "-B", "-c", SERVICES, f"unix:path={self.socket}",
                                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def own_bus(self):
        self.folder = self.host.folder / "desktop"
        self.folder.mkdir()
        self.socket = self.folder / "bus"
        self.host.environment["DBUS_SYSTEM_BUS_ADDRESS"] = f"unix:path={self.socket}"
        self.start_bus()
        return self.socket

    def start_bus(self):
        (self.folder / "bus.conf").write_text(BUS_CONF.format(socket=self.socket))
        self.bus = self.host.start_inside(
            "dbus-daemon", f"--config-file={self.folder}/bus.conf", "--nofork", "--nopidfile", "--nosyslog",
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(self.socket.exists, f"the bus of host {self.host.number}")

    def order(self, what, who, **more):
        self.services.stdin.write(json.dumps({"do": what, "who": who, **more}) + "\n")
        self.services.stdin.flush()
        if self.services.stdout.readline().strip() != "ok":
            raise LabError(f"the services of host {self.host.number} could not {what} {who}")

    def start(self, who, **values):
        """`who` is login, network or power; values are its properties."""
        self.order("start", who, values=values)

    def set(self, who, **values):
        self.order("set", who, values=values)

    def stop(self, who):
        self.order("stop", who)

    def sleep(self, asleep):
        self.order("sleep", "login", asleep=asleep)


# What the daemon asks for goes to the kernel; two numbers of a shared file are added to the answers. A timer on
# CLOCK_BOOTTIME stays one: its times are told to the kernel in the kernel's own.
LIBRARY = r"""
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

static volatile long long* offsets;
static long long none[2];
static unsigned char boot_timer[65536];

__attribute__((constructor)) static void begin(void) {
    const char* path = getenv("LAB_CLOCKS");
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    void* found = fd < 0 ? MAP_FAILED : mmap(0, 16, PROT_READ, MAP_SHARED, fd, 0);
    offsets = found == MAP_FAILED ? none : found;
    if (fd >= 0) close(fd);
}

static long long offset(clockid_t clock) {
    if (!offsets) return 0;
    if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE) return offsets[0];
    return clock == CLOCK_BOOTTIME ? offsets[1] : 0;
}

int clock_gettime(clockid_t clock, struct timespec* time) {
    int result = (int)syscall(SYS_clock_gettime, clock, time);
    if (result == 0) time->tv_sec += offset(clock);
    return result;
}

time_t time(time_t* out) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (out) *out = now.tv_sec;
    return now.tv_sec;
}

int gettimeofday(struct timeval* out, void* zone) {
    struct timespec now;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &now);
    out->tv_sec = now.tv_sec;
    out->tv_usec = now.tv_nsec / 1000;
    return 0;
}

int timerfd_create(int clock, int flags) {
    int fd = (int)syscall(SYS_timerfd_create, clock, flags);
    if (fd >= 0 && fd < 65536) boot_timer[fd] = clock == CLOCK_BOOTTIME;
    return fd;
}

int timerfd_settime(int fd, int flags, const struct itimerspec* next, struct itimerspec* before) {
    struct itimerspec real = *next;
    int set = real.it_value.tv_sec || real.it_value.tv_nsec;
    if (set && (flags & TFD_TIMER_ABSTIME) && fd >= 0 && fd < 65536 && boot_timer[fd]) {
        real.it_value.tv_sec -= offset(CLOCK_BOOTTIME);
        if (real.it_value.tv_sec < 0) real.it_value.tv_sec = 0, real.it_value.tv_nsec = 1;
    }
    return (int)syscall(SYS_timerfd_settime, fd, flags, &real, before);
}
"""


class Clocks:
    """The clocks of one daemon, which is started after this."""

    def __init__(self, daemon):
        folder = daemon.folder
        self.file = folder / "clocks"
        self.wall = self.boot = 0
        self.write()
        source, library = folder / "clocks.c", folder / "clocks.so"
        source.write_text(LIBRARY)
        done = subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-o", library, source], capture_output=True, text=True,
                              check=False)
        if done.returncode != 0:
            raise LabError(f"the clocks' library was not compiled: {done.stderr}")
        daemon.environment.update({"LD_PRELOAD": str(library), "LAB_CLOCKS": str(self.file)})

    def write(self):
        # In place: the daemon has the file mapped.
        flags = os.O_RDWR | os.O_CREAT
        descriptor = os.open(self.file, flags, 0o644)
        os.pwrite(descriptor, struct.pack("qq", self.wall, self.boot), 0)
        os.close(descriptor)

    def set_wall(self, seconds):
        """The wall clock is this far from the truth."""
        self.wall = int(seconds)
        self.write()

    def slept(self, seconds):
        """The host was suspended: time went on, and only CLOCK_BOOTTIME has noticed. The wall clock is right."""
        self.boot += int(seconds)
        self.wall += int(seconds)
        self.write()
