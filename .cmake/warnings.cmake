# Warnings and hardening of our own code. Generated code and third-party headers do not link these.

add_library(sov_warnings INTERFACE)
target_compile_options(sov_warnings INTERFACE -Wall -Wextra -Wconversion -Wshadow -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    # GCC 12 reports false alarms on a variant inside an optional, and on std::string::insert of a short literal at -O2.
    target_compile_options(sov_warnings INTERFACE -Wno-maybe-uninitialized -Wno-restrict)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND SOV_UNITY)
    # A source file joined with others looks like a header to GCC, which then warns of every type that has a member from
    # an anonymous namespace.
    target_compile_options(sov_warnings INTERFACE -Wno-subobject-linkage)
endif()

# Everything we parse comes from strangers, so the cheap mitigations are on in every build that is optimised and not
# already watched by a sanitizer.
add_compile_options(-fstack-protector-strong)
add_link_options(-Wl,-z,relro,-z,now,--as-needed)
if(NOT SOV_SANITIZE)
    add_compile_definitions($<$<CONFIG:Release,RelWithDebInfo>:_GLIBCXX_ASSERTIONS>)
    add_compile_options($<$<CONFIG:Release,RelWithDebInfo>:-U_FORTIFY_SOURCE>
                        $<$<CONFIG:Release,RelWithDebInfo>:-D_FORTIFY_SOURCE=2>)
endif()
