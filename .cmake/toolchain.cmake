# Language level, output folders, linker and compiler cache: what every target shares and no target should repeat.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_SKIP_RPATH ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/lib")

if(NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type" FORCE)
endif()

# C++20 without modules: scanning for them would cost a preprocessor run for each file.
set(CMAKE_CXX_SCAN_FOR_MODULES OFF)

set(CMAKE_UNITY_BUILD ${SOV_UNITY})  # how many files are joined: sov_unity in rooms.cmake

if(SOV_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
    find_program(SOV_CCACHE_PROGRAM ccache)
    if(SOV_CCACHE_PROGRAM)
        # What was compiled in one clone serves in every other.
        set(CMAKE_CXX_COMPILER_LAUNCHER "${CMAKE_COMMAND}" -E env "CCACHE_BASEDIR=${CMAKE_SOURCE_DIR}" CCACHE_NOHASHDIR=1
            "${SOV_CCACHE_PROGRAM}")
    endif()
endif()

# GCC starts to look for garbage in its own heap at 128 MiB, which every batch of sources outgrows at once: a tenth of the
# time of a build went into that. A compiler takes up to 2.5 GB so, in place of 1.9.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    add_compile_options(--param=ggc-min-heapsize=1048576)
endif()

find_program(SOV_MOLD_PROGRAM mold)
if(SOV_MOLD AND SOV_MOLD_PROGRAM)
    add_link_options(-fuse-ld=mold)
endif()

# Everything ends in an executable, and -fPIE lets the compiler inline what -fPIC would keep replaceable.
add_compile_options(-fPIE)
add_link_options($<$<STREQUAL:$<TARGET_PROPERTY:TYPE>,EXECUTABLE>:-pie>)

find_package(Threads REQUIRED)
