# SOV_SANITIZE instruments every target alike: mixing instrumented and plain objects hides errors and invents others.

if(SOV_FUZZ)
    if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
        message(FATAL_ERROR "SOV_FUZZ needs Clang: libFuzzer is part of it. Use the preset 'fuzz'.")
    endif()
    add_compile_options(-fsanitize=fuzzer-no-link)
endif()

if(SOV_SANITIZE)
    string(REPLACE ";" "," SOV_SANITIZE_FLAG "-fsanitize=${SOV_SANITIZE}")
    add_compile_options(${SOV_SANITIZE_FLAG} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    add_link_options(${SOV_SANITIZE_FLAG})
endif()

if("undefined" IN_LIST SOV_SANITIZE)
    # The vptr check asks the kernel through a pipe whether memory is readable, and calls every object broken when there
    # is no descriptor left for one, which is what a test of the API arranges. It also costs gRPC's headers dearly.
    add_compile_options(-fno-sanitize=vptr)
endif()

if("thread" IN_LIST SOV_SANITIZE)
    # ThreadSanitizer does not understand bare fences. Asio orders its handlers by its mutexes as well, so it can do
    # without them here; a fence anywhere else would go unseen, which is what the warning says.
    add_compile_options(-Wno-tsan)
    add_compile_definitions(BOOST_ASIO_DISABLE_FENCED_BLOCK)
endif()
