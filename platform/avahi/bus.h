#pragma once

#include "platform/dbus/bus.h"

namespace sov::avahi {

using dbus::Bus;
using dbus::error_name;
using dbus::error_text;
using dbus::is_no_reply;
using dbus::Message;

}  // namespace sov::avahi
