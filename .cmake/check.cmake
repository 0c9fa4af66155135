# Targets for people: `check` before pushing, `format` to obey the formatter, `tidy` for the static analyser.

find_package(Python3 REQUIRED COMPONENTS Interpreter)

add_custom_target(format
    COMMAND ${Python3_EXECUTABLE} -B ${CMAKE_SOURCE_DIR}/tests/lint/format.py --fix ${CMAKE_SOURCE_DIR}
    USES_TERMINAL VERBATIM)
add_custom_target(format-check
    COMMAND ${Python3_EXECUTABLE} -B ${CMAKE_SOURCE_DIR}/tests/lint/format.py ${CMAKE_SOURCE_DIR}
    USES_TERMINAL VERBATIM)

# Minutes over the whole tree, so it stands beside `check`; the core alone takes seconds: run-clang-tidy -p DIR daemon/core
add_custom_target(tidy
    COMMAND run-clang-tidy -quiet -p ${CMAKE_BINARY_DIR} -extra-arg=-Wno-unknown-warning-option
        "${CMAKE_BINARY_DIR}/(daemon|platform|client|tests)/|${CMAKE_SOURCE_DIR}/(daemon|platform|client|tests)/"
    USES_TERMINAL VERBATIM)

add_custom_target(check
    COMMAND ${CMAKE_CTEST_COMMAND} --output-on-failure --no-tests=error -j 2 -L "^(lint|unit|corpus|sim-smoke)$"
    WORKING_DIRECTORY ${CMAKE_BINARY_DIR}
    USES_TERMINAL VERBATIM)
add_dependencies(check format-check)
foreach(target sov_unit_tests sov_unit_outer_tests sov_fuzz_replays sovsim)
    if(TARGET ${target})
        add_dependencies(check ${target})
    endif()
endforeach()
