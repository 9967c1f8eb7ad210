# The Debian packages, which ci/package makes: one for each vmedia_package().
# What is in one is what its program's component installs.
#
#   vmedia_package(PROGRAM SUMMARY text DESCRIPTION text [SUGGESTS packages])

set(VMEDIA_MAINTAINER "vmedia maintainers <vmedia@example.org>" CACHE STRING
    "Who the packages say made them")
set(VMEDIA_HOMEPAGE "" CACHE STRING "URL for the packages, if there is one")

function(vmedia_package package)
    cmake_parse_arguments(ARG "" "SUMMARY;DESCRIPTION;SUGGESTS" "" ${ARGN})
    execute_process(COMMAND date --utc --rfc-email --date=${VMEDIA_RELEASED}
        OUTPUT_VARIABLE date OUTPUT_STRIP_TRAILING_WHITESPACE)
    set(changelog ${PROJECT_BINARY_DIR}/debian/${package}/changelog)
    configure_file(${PROJECT_SOURCE_DIR}/cmake/debian/changelog.in ${changelog} @ONLY)
    execute_process(COMMAND gzip -9nkf ${changelog})
    install(FILES ${changelog}.gz ${PROJECT_SOURCE_DIR}/cmake/debian/copyright
        DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/${package} COMPONENT ${package})

    string(TOUPPER ${package} upper)
    set(CPACK_DEBIAN_${upper}_PACKAGE_NAME ${package} PARENT_SCOPE)
    set(CPACK_COMPONENT_${upper}_DESCRIPTION
        "${ARG_SUMMARY}\n${ARG_DESCRIPTION}" PARENT_SCOPE)
    set(CPACK_DEBIAN_${upper}_PACKAGE_SUGGESTS "${ARG_SUGGESTS}" PARENT_SCOPE)
    list(APPEND CPACK_COMPONENTS_ALL ${package})
    set(CPACK_COMPONENTS_ALL ${CPACK_COMPONENTS_ALL} PARENT_SCOPE)
endfunction()

vmedia_package(vmedia-conform
    SUMMARY "conformance suite for NBD servers"
    DESCRIPTION
"Asks a server of the network block device protocol, in several hundred cases,
whether it does what the protocol's document says. Each verdict quotes the rule
that it is about.
.
It connects to a server that is there, or starts one in every way that a case
needs: plain, read-only, with TLS and keys, with TLS and certificates. Reports
are for terminals, JSON, JUnit, TAP, Markdown and HTML. Deviations that are
known do not fail a run."
    SUGGESTS "nbdkit, qemu-utils, nbd-server, vmedia-nbd")
vmedia_package(vmedia-nbd
    SUMMARY "NBD server, and the way of an image into a BMC"
    DESCRIPTION
"Serves files, memory, patterns, copy-on-write overlays and other NBD servers
over NBD: on sockets, with TLS, with faults on purpose. Or inserts an image
into the virtual media of a management controller, over a WebSocket.")

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "") # or it comes before each's own
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_PACKAGE_CONTACT ${VMEDIA_MAINTAINER})
set(CPACK_PACKAGE_HOMEPAGE_URL ${VMEDIA_HOMEPAGE})
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE
    WORLD_READ WORLD_EXECUTE)
include(CPack)
