#include "client/ctl/help.h"

#include "client/ctl/commands/verbs.h"
#include "client/ctl/errand.h"

namespace sov::ctl::verbs {

int help(Errand& errand) {
    if (errand.input().has("man")) {
        const std::string page = manual_page();
        json::Object data;
        data.set("roff", page);
        return errand.raw(std::move(data), page);
    }
    std::string path;
    for (const std::string& word : errand.input().arguments)
        path += (path.empty() ? "" : " ") + word;
    json::Array list;
    for (const Command& command : commands()) {
        if (path.empty() || command.path == path || command.path.starts_with(path + ' ')) {
            list.emplace_back(json_of(command));
        }
    }
    if (list.empty()) {
        return errand.fail(Problem::usage("there is no command \"" + path + '"', {"sovctl help"}));
    }
    json::Object data;
    data.set("commands", std::move(list));
    return errand.answer(std::move(data), [&](Screen& screen) {
        if (path.empty()) {
            write_overview(screen);
        } else if (const Command* command = command_named(path); command != nullptr) {
            write_help(*command, screen);
        } else {
            write_group(path, screen);
        }
    });
}

}  // namespace sov::ctl::verbs
