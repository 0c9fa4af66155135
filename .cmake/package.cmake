# The Debian package, made from an optimised build:
#
#     cmake --preset release && cmake --build --preset release --target deb
#
# leaves build/release/sovereignd_VERSION_ARCHITECTURE.deb. `programs` is also what `cmake --install` copies; `service` has
# fixed places in the system and belongs to the package alone.

include(GNUInstallDirs)

set(control "${CMAKE_SOURCE_DIR}/platform/debian/package")
set(documents "${CMAKE_BINARY_DIR}/documents")
file(MAKE_DIRECTORY "${documents}")
add_custom_command(OUTPUT "${documents}/changelog.gz" "${documents}/operations.md.gz" "${documents}/protocol.md.gz"
    COMMAND gzip -9nc "${control}/changelog" > "${documents}/changelog.gz"
    COMMAND gzip -9nc "${CMAKE_SOURCE_DIR}/docs/operations.md" > "${documents}/operations.md.gz"
    COMMAND gzip -9nc "${CMAKE_SOURCE_DIR}/docs/protocol.md" > "${documents}/protocol.md.gz"
    DEPENDS "${control}/changelog" "${CMAKE_SOURCE_DIR}/docs/operations.md" "${CMAKE_SOURCE_DIR}/docs/protocol.md" VERBATIM)
add_custom_target(sov_documents DEPENDS "${documents}/changelog.gz")

function(sov_service_file file folder name)
    install(FILES "${CMAKE_SOURCE_DIR}/${file}" DESTINATION "${folder}" RENAME "${name}" COMPONENT service EXCLUDE_FROM_ALL)
endfunction()

install(TARGETS sovereignd RUNTIME DESTINATION ${CMAKE_INSTALL_SBINDIR} COMPONENT programs)
sov_service_file(config/sovereignd.conf /etc/sovereignd sovereignd.conf)
sov_service_file(config/bootstrap.conf /etc/sovereignd bootstrap.conf)
sov_service_file(systemd/sovereignd.service /lib/systemd/system sovereignd.service)
sov_service_file(systemd/sovereignd.socket /lib/systemd/system sovereignd.socket)
sov_service_file(systemd/sovereignd.sysusers /usr/lib/sysusers.d sovereignd.conf)
sov_service_file(systemd/sovereignd.tmpfiles /usr/lib/tmpfiles.d sovereignd.conf)
sov_service_file(systemd/sovereignd.catalog /usr/lib/systemd/catalog sovereignd.catalog)
foreach(example prometheus/scrape.yml prometheus/sovereign-alerts.yml grafana/sovereign-dashboard.json)
    get_filename_component(name ${example} NAME)
    sov_service_file(config/${example} /usr/share/doc/sovereignd/examples ${name})
endforeach()
sov_service_file(platform/debian/package/copyright /usr/share/doc/sovereignd copyright)
install(FILES "${documents}/changelog.gz" "${documents}/operations.md.gz" "${documents}/protocol.md.gz"
    DESTINATION /usr/share/doc/sovereignd COMPONENT service EXCLUDE_FROM_ALL)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME sovereignd)
set(CPACK_PACKAGE_VERSION "${PROJECT_VERSION}")
set(CPACK_PACKAGE_CONTACT "The Sovereign project <sovereign@example.org>")
set(CPACK_COMPONENTS_ALL programs service)
set(CPACK_COMPONENTS_GROUPING ALL_COMPONENTS_IN_ONE)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_SET_DESTDIR ON)
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)

set(CPACK_DEBIAN_PACKAGE_NAME sovereignd)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS
    "init-system-helpers (>= 1.54~), systemd | systemd-standalone-sysusers, systemd | systemd-standalone-tmpfiles, passwd")
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "avahi-daemon")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "bluez")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "peer in a network without servers")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION "Finds people and programs by name or key, connects to them through home
routers, and carries streams and messages, also to those who are away.

Peers meet in an encrypted distributed hash table, on the local network by
multicast DNS, and in radio range by Bluetooth. Programs on this host use the
daemon through a Unix socket; sovctl is one of them.")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
    "${control}/postinst;${control}/prerm;${control}/postrm;${control}/conffiles")
set(CPACK_OUTPUT_CONFIG_FILE "${CMAKE_BINARY_DIR}/CPackConfig.cmake")
include(CPack)

add_custom_target(deb
    COMMAND ${CMAKE_CPACK_COMMAND} --config "${CMAKE_BINARY_DIR}/CPackConfig.cmake" -B "${CMAKE_BINARY_DIR}"
    WORKING_DIRECTORY "${CMAKE_BINARY_DIR}"
    USES_TERMINAL VERBATIM)
add_dependencies(deb sovereignd sovctl sovctl_pages sov_pages sov_documents)
