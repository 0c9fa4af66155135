#include <exception>
#include <iostream>

#include "daemon/app/start.h"
#include "daemon/app/start_failure.h"

int main(int argc, char** argv) {
    try {
        return sov::app::start({argv + 1, argv + argc});
    } catch (const std::exception& error) {
        // Only start-up throws: out of memory, or a library that can't work on this host.
        std::cerr << "sovereignd: " << error.what() << "\n";
        return sov::app::kExitFailed;
    }
}
