# The one table of who may include and link whom. CMake links from it (rooms.cmake) and the lint `layers` checks every
# #include against it (tests/lint/layers.py reads this very file), so a rule is written once.
#
#   sov_external(NAME HEADERS <prefix>... [LIBS <library>...] [PKG_CONFIG <module>...])
#       A world outside the tree. A prefix matches an include that equals it or, if it ends with '/', begins with it.
#   sov_layer(FOLDER TARGET <library> [MAY_INCLUDE <folder or header>...] [EXTERNAL <name>...] [ROOMS <subfolder>...] [DEEP])
#       A folder may include itself and what is listed, nothing else, and never through somebody else's list.
#       ROOMS are subfolders that belong to the same library. DEEP: every subfolder does.
#       EVERYTHING means all layers above it in this file.
#   sov_plain(<folder>...)  folders without C++.   sov_plain_deep(<folder>...)  the same with everything below.

# ---- outside worlds ----------------------------------------------------------------------------------------------

# What a pure function may use. Absent on purpose: streams to files, threads, locks, atomics, the C library's clock, random devices.
sov_external(std HEADERS
    algorithm any array bit bitset cassert cctype cerrno charconv chrono cinttypes climits cmath compare concepts
    cstddef cstdint cstdlib cstring deque exception expected forward_list functional initializer_list
    iomanip ios iosfwd istream iterator limits list map memory memory_resource new numbers numeric optional ostream
    queue ranges ratio set source_location span sstream stack stdexcept streambuf string string_view
    system_error tuple type_traits typeindex typeinfo unordered_map unordered_set utility valarray variant vector version
    assert.h ctype.h errno.h inttypes.h limits.h math.h stddef.h stdint.h stdlib.h string.h)
# The rest of the standard library: it reaches the machine, so only the outer floors and tests have it.
sov_external(std_system HEADERS
    atomic barrier cfenv clocale condition_variable coroutine csetjmp csignal cstdarg cstdio ctime cwchar filesystem
    fstream future iostream latch locale mutex random regex scoped_allocator semaphore shared_mutex stop_token thread
    signal.h stdarg.h stdio.h time.h)
sov_external(posix HEADERS
    arpa/ asm/ linux/ net/ netinet/ sys/ dirent.h endian.h fcntl.h getopt.h grp.h ifaddrs.h langinfo.h link.h malloc.h netdb.h poll.h pthread.h pwd.h
    sched.h spawn.h strings.h syslog.h termios.h unistd.h)
# Queries and answers of DNS, of the C library.
sov_external(resolv HEADERS resolv.h LIBS resolv)
sov_external(boost_result HEADERS boost/system/result.hpp)
sov_external(asio HEADERS boost/asio/ boost/asio.hpp boost/system/)
sov_external(program_options HEADERS boost/program_options/ boost/program_options.hpp boost/any.hpp LIBS boost_program_options)
sov_external(openssl HEADERS openssl/ LIBS crypto)
# Asio's TLS streams are OpenSSL's other library.
sov_external(tls HEADERS openssl/ssl.h openssl/x509v3.h LIBS ssl crypto)
sov_external(sodium HEADERS sodium.h sodium/ LIBS sodium)
sov_external(sqlite HEADERS sqlite3.h LIBS sqlite3)
# ngtcp2 is C over GnuTLS, the only TLS that Debian 12 packages it with (docs/decisions/0023).
sov_external(ngtcp2 HEADERS ngtcp2/ LIBS ngtcp2_crypto_gnutls ngtcp2)
sov_external(gnutls HEADERS gnutls/ LIBS gnutls)
sov_external(systemd HEADERS systemd/ LIBS systemd)
sov_external(sdbus HEADERS sdbus-c++/ LIBS sdbus-c++)
# libnice and the loop that it runs on.
sov_external(nice HEADERS nice/ glib.h gio/ LIBS nice PKG_CONFIG gio-2.0)
sov_external(natpmp HEADERS natpmp.h LIBS natpmp)
sov_external(miniupnpc HEADERS miniupnpc/ LIBS miniupnpc)
# Prometheus' text format, and the header-only HTTP of Boost that it is served by.
sov_external(prometheus HEADERS prometheus/ LIBS prometheus-cpp-core)
sov_external(beast HEADERS boost/beast/)
sov_external(protobuf HEADERS google/protobuf/ LIBS protobuf)
# gRPC's headers hold a mutex of Abseil inline, so its library is linked by name too.
sov_external(grpc HEADERS grpc/ grpcpp/ LIBS grpc++_reflection grpc++ grpc gpr absl_synchronization)
sov_external(gtest HEADERS gtest/ LIBS gtest)
# Other distributed hash tables, for the comparison of tests/bench only; tests/bench/others/fetch brings them.
sov_external(opendht HEADERS opendht.h opendht/)
sov_external(libtorrent HEADERS libtorrent/)

# ---- floor 0: pure -----------------------------------------------------------------------------------------------

sov_layer(daemon/core/base TARGET sov_core_base EXTERNAL std boost_result)
sov_layer(daemon/core/identity TARGET sov_core_identity MAY_INCLUDE daemon/core/base EXTERNAL std boost_result)
sov_layer(daemon/core/wire TARGET sov_core_wire
    MAY_INCLUDE daemon/core/base daemon/core/identity EXTERNAL std boost_result)
sov_layer(daemon/core/guard TARGET sov_core_guard MAY_INCLUDE daemon/core/base EXTERNAL std boost_result)

# The parts never include each other: the node carries what one has to tell another.
sov_layer(daemon/core/session TARGET sov_core_session
    MAY_INCLUDE daemon/core/base daemon/core/identity daemon/core/wire daemon/core/guard EXTERNAL std boost_result)
sov_layer(daemon/core/dht TARGET sov_core_dht
    MAY_INCLUDE daemon/core/base daemon/core/identity daemon/core/wire daemon/core/guard EXTERNAL std boost_result)
sov_layer(daemon/core/discovery TARGET sov_core_discovery
    MAY_INCLUDE daemon/core/base daemon/core/identity daemon/core/wire daemon/core/guard EXTERNAL std boost_result)
sov_layer(daemon/core/messaging TARGET sov_core_messaging MAY_INCLUDE daemon/core/base EXTERNAL std boost_result)
sov_layer(daemon/core/connect TARGET sov_core_connect
    MAY_INCLUDE daemon/core/base daemon/core/identity daemon/core/wire daemon/core/guard EXTERNAL std boost_result)

sov_layer(daemon/core TARGET sov_core_node
    MAY_INCLUDE daemon/core/base daemon/core/identity daemon/core/wire daemon/core/guard daemon/core/session
                daemon/core/dht daemon/core/discovery
    EXTERNAL std boost_result)

# The public protocols of streams between peers. Knows no part of the core, and no part of the core knows it.
sov_layer(daemon/streams TARGET sov_streams MAY_INCLUDE daemon/core/base EXTERNAL std boost_result)

# ---- floor 1: what the outside must offer ------------------------------------------------------------------------

sov_layer(daemon/ports TARGET sov_ports MAY_INCLUDE daemon/core/base daemon/core/identity EXTERNAL std boost_result)

# ---- the connection plane: connections and streams, driven like the core ------------------------------------------

sov_layer(daemon/hub TARGET sov_hub
    MAY_INCLUDE daemon/core/base daemon/core/connect daemon/core/messaging daemon/streams daemon/ports EXTERNAL std boost_result)

# ---- adapters: one foreign library each, never one another -------------------------------------------------------

sov_layer(platform/openssl TARGET sov_platform_openssl
    MAY_INCLUDE daemon/ports daemon/core/base daemon/core/identity/crypto.h
    EXTERNAL std std_system posix boost_result openssl sodium)
sov_layer(platform/sqlite TARGET sov_platform_sqlite
    MAY_INCLUDE daemon/ports daemon/core/base daemon/core/identity/crypto.h
    EXTERNAL std std_system posix boost_result sqlite)
sov_layer(platform/linux TARGET sov_platform_linux
    MAY_INCLUDE daemon/ports daemon/core/base daemon/core/identity/crypto.h
    EXTERNAL std std_system posix boost_result systemd resolv)
sov_layer(platform/bluez TARGET sov_platform_bluez
    MAY_INCLUDE daemon/ports daemon/core/base
    EXTERNAL std std_system posix boost_result asio sdbus)

# A connection to a message bus on our loop, for the adapters that speak through sd-bus.
sov_layer(platform/dbus TARGET sov_platform_dbus EXTERNAL std std_system posix asio systemd)

sov_layer(platform/avahi TARGET sov_platform_avahi
    MAY_INCLUDE daemon/ports daemon/core/base platform/dbus
    EXTERNAL std std_system posix boost_result asio systemd)

sov_layer(platform/conditions TARGET sov_platform_conditions
    MAY_INCLUDE daemon/ports platform/dbus
    EXTERNAL std std_system posix asio systemd)

# Certificates and streams are libp2p's, so it speaks the words of daemon/streams too.
sov_layer(platform/quic TARGET sov_platform_quic
    MAY_INCLUDE daemon/ports daemon/core/base daemon/core/identity/crypto.h daemon/streams
    EXTERNAL std std_system posix boost_result ngtcp2 gnutls)

sov_layer(platform/nice TARGET sov_platform_nice
    MAY_INCLUDE daemon/ports daemon/core/base platform/linux/udp_burst.h
    EXTERNAL std std_system posix boost_result asio nice)

sov_layer(platform/tls TARGET sov_platform_tls
    MAY_INCLUDE daemon/core/base
    EXTERNAL std std_system posix boost_result asio tls)

sov_layer(platform/portmap TARGET sov_platform_portmap
    MAY_INCLUDE daemon/ports daemon/core/base
    EXTERNAL std std_system posix boost_result asio natpmp miniupnpc)

sov_layer(platform/prometheus TARGET sov_platform_prometheus
    MAY_INCLUDE daemon/ports daemon/core/base
    EXTERNAL std std_system posix boost_result asio beast prometheus)

# ---- the local API's messages ------------------------------------------------------------------------------------

sov_layer(proto TARGET sov_proto EXTERNAL std grpc protobuf)

# ---- floors 2 to 4 -----------------------------------------------------------------------------------------------

sov_layer(daemon/io TARGET sov_io
    MAY_INCLUDE daemon/core daemon/core/base daemon/ports platform/linux/socket_address.h platform/linux/udp_burst.h
    EXTERNAL std std_system posix boost_result asio)
sov_layer(daemon/api TARGET sov_api
    MAY_INCLUDE daemon/core/base daemon/core/identity daemon/core/event.h daemon/core/snapshot.h daemon/ports/store.h
                daemon/io/node_driver.h daemon/hub daemon/core/connect daemon/core/messaging
                daemon/ports/stream_transport.h daemon/ports/port_mapper.h daemon/ports/measures.h daemon/streams proto
    EXTERNAL std std_system posix boost_result asio grpc protobuf)

sov_layer(client TARGET sov_client MAY_INCLUDE proto EXTERNAL std std_system posix grpc protobuf)
# Files are sent in words of daemon/streams, and their hash is OpenSSL's, which gRPC brings along anyway.
sov_layer(client/ctl TARGET sov_ctl MAY_INCLUDE client proto daemon/streams daemon/core/base
    EXTERNAL std std_system posix boost_result program_options grpc protobuf openssl
    ROOMS commands)

# ---- tests -------------------------------------------------------------------------------------------------------

sov_layer(tests/support TARGET sov_tests_support
    MAY_INCLUDE daemon/core daemon/core/base daemon/core/identity daemon/core/wire daemon/core/guard daemon/core/session
                daemon/core/dht daemon/core/discovery daemon/ports
    EXTERNAL std std_system boost_result)
sov_layer(tests/sim TARGET sov_sim
    MAY_INCLUDE daemon/core daemon/core/base daemon/core/identity daemon/core/wire daemon/core/guard daemon/core/session
                daemon/core/dht daemon/core/discovery tests/support
    EXTERNAL std std_system posix boost_result gtest
    ROOMS scenarios)
sov_layer(tests/fuzz TARGET sov_fuzz
    MAY_INCLUDE daemon/core daemon/core/base daemon/core/identity daemon/core/wire daemon/core/guard daemon/core/session
                daemon/core/dht daemon/core/discovery daemon/core/messaging daemon/core/connect daemon/streams
                daemon/ports daemon/hub tests/support
    EXTERNAL std std_system boost_result)
# Tests of the core run against real cryptography, which is why they alone see an adapter.
sov_layer(tests/unit/daemon/core TARGET sov_unit_tests
    MAY_INCLUDE daemon/core daemon/core/base daemon/core/identity daemon/core/wire daemon/core/guard daemon/core/session
                daemon/core/dht daemon/core/discovery daemon/core/messaging daemon/core/connect daemon/ports
                tests/support platform/openssl
    EXTERNAL std std_system posix boost_result gtest
    DEEP)
sov_layer(tests/unit/daemon/streams TARGET sov_unit_tests
    MAY_INCLUDE daemon/core/base daemon/streams tests/support
    EXTERNAL std std_system boost_result gtest
    DEEP)
sov_layer(tests/unit/tests TARGET sov_unit_tests
    MAY_INCLUDE daemon/core daemon/core/base daemon/core/identity daemon/core/wire daemon/core/guard daemon/core/session
                daemon/core/dht daemon/core/discovery daemon/ports tests/support tests/sim platform/openssl
    EXTERNAL std std_system posix boost_result gtest
    DEEP)
# Holds the code against the wire vectors of docs/protocol.md.
sov_layer(tests/unit/docs TARGET sov_unit_tests
    MAY_INCLUDE daemon/core/base daemon/core/identity daemon/core/wire daemon/core/guard daemon/core/session
                daemon/core/discovery daemon/core/messaging daemon/core/connect daemon/streams platform/openssl tests/support
    EXTERNAL std std_system boost_result gtest)

# The composition root sees everything and nobody but its own tests sees it.
sov_layer(daemon/app TARGET sov_app
    MAY_INCLUDE daemon/core daemon/core/base daemon/core/identity daemon/core/wire daemon/core/guard daemon/core/session
                daemon/core/dht daemon/core/discovery daemon/core/connect daemon/ports daemon/hub daemon/io daemon/api
                proto platform/openssl platform/sqlite platform/linux platform/avahi platform/conditions platform/bluez platform/quic
                platform/nice platform/portmap platform/prometheus platform/tls
    EXTERNAL std std_system posix boost_result asio program_options grpc protobuf systemd)

sov_layer(tests/bench TARGET sov_bench
    MAY_INCLUDE daemon/core daemon/core/base daemon/core/identity daemon/core/wire daemon/core/guard daemon/core/session
                daemon/core/dht daemon/core/discovery daemon/ports daemon/hub daemon/io platform/openssl platform/sqlite
                platform/linux platform/quic platform/nice proto tests/support tests/sim
    EXTERNAL std std_system posix boost_result asio grpc protobuf openssl sodium sqlite ngtcp2 gnutls)
# Compiled against another release of Boost: nothing of ours but the two headers, which need none.
sov_layer(tests/bench/others TARGET sov_bench_others MAY_INCLUDE tests/bench/comparison.h tests/bench/measure.h
    EXTERNAL std std_system posix opendht libtorrent)
sov_layer(tests/unit TARGET sov_unit_outer_tests MAY_INCLUDE EVERYTHING
    EXTERNAL std std_system posix boost_result asio program_options openssl tls sodium sqlite systemd sdbus grpc protobuf gtest
    DEEP)

# Other people's implementations against ours, over real sockets.
sov_layer(tests/interop TARGET sov_interop
    MAY_INCLUDE daemon/core/base daemon/core/identity daemon/ports daemon/streams platform/quic platform/openssl
    EXTERNAL std std_system posix boost_result)

# One end of an ICE session, for virtual hosts behind NATs.
sov_layer(tests/nat TARGET sov_nat
    MAY_INCLUDE daemon/core/base daemon/ports platform/nice
    EXTERNAL std std_system posix boost_result asio nice)

# ---- folders without C++ -----------------------------------------------------------------------------------------

sov_plain(client/python config config/prometheus config/grafana systemd docs docs/decisions docs/man daemon platform platform/debian platform/debian/package proto/sovereign proto/sovereign/v1
    tests tests/lint)
sov_plain_deep(tests/fuzz/corpus tests/e2e tests/service)
