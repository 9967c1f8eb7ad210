# The ways to make something here: a library (a room), a program, a test.
#
#   vmedia_library(NAME SOURCES... LINK libraries...)
#   vmedia_program(NAME SOURCES... LINK libraries... [NO_INSTALL])
#       with a manual page, which it prints itself, if it is installed: as
#       the component NAME, which vmedia_package() can make a package of
#   vmedia_test(NAME SOURCES... LINK libraries... [LABEL label])
#       gtest, beside the code. Without a label: of unit-tests, which are built
#       with sanitizers too, so link the light part of a room (NAME_core).
#   vmedia_pytest(NAME FILE [LABELS label...] [TIMEOUT seconds])
#   vmedia_fuzz(NAME SOURCES... LINK libraries...)      of libFuzzer: ci/fuzz
#
# Includes are written from the top of the tree: #include "vmedia/nbd/wire.hpp"

add_custom_target(unit-tests) # every vmedia_test() without a LABEL
add_custom_target(fuzz-targets) # every vmedia_fuzz(); none but in preset fuzz

add_library(vmedia_flags INTERFACE)
target_compile_options(vmedia_flags INTERFACE
    -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror
    # What an assertion names does not depend on where the tree is.
    -fmacro-prefix-map=${PROJECT_SOURCE_DIR}/=
    # g++ 12 sees, when it optimises, coroutine frames freed at an offset.
    $<$<CXX_COMPILER_ID:GNU>:-Wno-mismatched-new-delete>
    # clang's -Wconversion holds this, g++'s does not.
    $<$<CXX_COMPILER_ID:Clang>:-Wno-sign-conversion>)
target_include_directories(vmedia_flags INTERFACE
    ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR})
if(VMEDIA_SANITIZE)
    # vptr: g++ 12 takes Boost's system_error, thrown by value, for no object
    # of its type.
    target_compile_options(vmedia_flags INTERFACE
        -fsanitize=${VMEDIA_SANITIZE} -fno-sanitize=vptr
        -fno-sanitize-recover=all
        # clang 14 cannot compile coroutines with its check of what is called.
        $<$<CXX_COMPILER_ID:Clang>:-fno-sanitize=function>)
    target_link_options(vmedia_flags INTERFACE -fsanitize=${VMEDIA_SANITIZE})
endif()

# Boost's headers are other people's code: no warnings from them, and one
# translation unit compiles the parts that can be compiled apart.
add_library(vmedia_boost STATIC ${PROJECT_SOURCE_DIR}/cmake/boost.cpp)
target_compile_definitions(vmedia_boost PUBLIC
    BOOST_ASIO_SEPARATE_COMPILATION
    BOOST_ASIO_NO_DEPRECATED
    BOOST_PROCESS_V2_SEPARATE_COMPILATION)
target_link_libraries(vmedia_boost
    PUBLIC Boost::headers Boost::filesystem OpenSSL::SSL OpenSSL::Crypto Threads::Threads
           fmt::fmt tl::expected
    PRIVATE vmedia_flags)
if(VMEDIA_PCH)
    target_precompile_headers(vmedia_boost PRIVATE
        <boost/asio.hpp>
        <boost/asio/experimental/awaitable_operators.hpp>
        <fmt/format.h>
        <tl/expected.hpp>
        <map> <memory> <optional> <span> <string> <vector>)
endif()

function(_vmedia_common target)
    target_link_libraries(${target} PRIVATE vmedia_flags)
    if(VMEDIA_PCH)
        target_precompile_headers(${target} REUSE_FROM vmedia_boost)
    endif()
endfunction()

function(vmedia_library name)
    cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
    add_library(${name} STATIC ${ARG_UNPARSED_ARGUMENTS})
    target_link_libraries(${name} PUBLIC vmedia_boost ${ARG_LINK})
    _vmedia_common(${name})
endfunction()

function(vmedia_program name)
    cmake_parse_arguments(ARG "NO_INSTALL" "" "LINK" ${ARGN})
    add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
    target_link_libraries(${name} PRIVATE vmedia_boost vmedia_command ${ARG_LINK})
    set_target_properties(${name} PROPERTIES
        RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
    _vmedia_common(${name})
    if(NOT ARG_NO_INSTALL)
        install(TARGETS ${name} DESTINATION ${CMAKE_INSTALL_BINDIR}
            COMPONENT ${name})
        set(page ${PROJECT_BINARY_DIR}/man/${name}.1)
        file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/man)
        add_custom_command(TARGET ${name} POST_BUILD
            COMMAND ${name} --man >${page}
            COMMAND gzip -9nkf ${page} BYPRODUCTS ${page} ${page}.gz)
        install(FILES ${page}.gz DESTINATION ${CMAKE_INSTALL_MANDIR}/man1
            COMPONENT ${name})
    endif()
endfunction()

function(vmedia_test name)
    cmake_parse_arguments(ARG "" "LABEL" "LINK" ${ARGN})
    add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
    target_link_libraries(${name} PRIVATE
        vmedia_boost GTest::gtest_main GTest::gmock ${ARG_LINK})
    _vmedia_common(${name})
    add_test(NAME ${name} COMMAND ${name})
    if(NOT ARG_LABEL)
        set(ARG_LABEL unit)
        add_dependencies(unit-tests ${name})
    endif()
    set_tests_properties(${name} PROPERTIES TIMEOUT 120 LABELS ${ARG_LABEL})
endfunction()

# Debian's interpreter on purpose: the one on PATH may lack python3-pytest.
function(vmedia_pytest name file)
    cmake_parse_arguments(ARG "" "TIMEOUT" "LABELS" ${ARGN})
    if(NOT ARG_TIMEOUT)
        set(ARG_TIMEOUT 240)
    endif()
    add_test(NAME ${name}
        COMMAND /usr/bin/python3 -m pytest -q -p no:cacheprovider
                ${CMAKE_CURRENT_SOURCE_DIR}/${file})
    set_tests_properties(${name} PROPERTIES
        TIMEOUT ${ARG_TIMEOUT}
        LABELS "${ARG_LABELS}"
        ENVIRONMENT "VMEDIA_BIN=${PROJECT_BINARY_DIR}/bin;PYTHONPATH=${PROJECT_SOURCE_DIR};PYTHONDONTWRITEBYTECODE=1")
endfunction()

# Nothing without VMEDIA_FUZZ: g++ has no libFuzzer.
function(vmedia_fuzz name)
    if(NOT VMEDIA_FUZZ)
        return()
    endif()
    cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
    # Its source and not a library: libFuzzer asks for it by a weak symbol.
    add_executable(${name} ${ARG_UNPARSED_ARGUMENTS}
        ${PROJECT_SOURCE_DIR}/fixtures/fuzz.cpp)
    target_link_libraries(${name} PRIVATE vmedia_boost ${ARG_LINK})
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
    set_target_properties(${name} PROPERTIES
        RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/fuzz)
    _vmedia_common(${name})
    add_dependencies(fuzz-targets ${name})
endfunction()
