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
        set(CMAKE_CXX_COMPILER_LAUNCHER "${SOV_CCACHE_PROGRAM}")
    endif()
endif()

find_program(SOV_MOLD_PROGRAM mold)
if(SOV_MOLD AND SOV_MOLD_PROGRAM)
    add_link_options(-fuse-ld=mold)
endif()

# Everything ends in an executable, and -fPIE lets the compiler inline what -fPIC would keep replaceable.
add_compile_options(-fPIE)
add_link_options($<$<STREQUAL:$<TARGET_PROPERTY:TYPE>,EXECUTABLE>:-pie>)

find_package(Threads REQUIRED)
