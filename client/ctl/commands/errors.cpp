#include "client/ctl/commands/verbs.h"
#include "client/ctl/errand.h"
#include "client/ctl/error_table.h"

namespace sov::ctl::verbs {
namespace {

json::Object error_json(const ErrorWords& row) {
    json::Object object;
    return object.set("code", row.code).set("cause", row.cause).set("fix", row.fix);
}

}  // namespace

int errors(Errand& errand) {
    const std::string wanted = errand.argument();
    const ErrorWords* only = wanted.empty() ? nullptr : error_words(wanted);
    if (!wanted.empty() && only == nullptr) {
        return errand.fail(Problem{.exit_code = 5,
                                   .name = "not_found",
                                   .what = "there is no error code " + wanted,
                                   .why = {},
                                   .steps = {"sovctl errors"}});
    }
    const std::span<const ErrorWords> rows =
        only == nullptr ? error_table() : std::span<const ErrorWords>(only, 1);
    json::Array array;
    for (const ErrorWords& row : rows) array.emplace_back(error_json(row));
    json::Object data;
    data.set("errors", std::move(array));
    return errand.answer(std::move(data), [&](Screen& screen) {
        for (const ErrorWords& row : rows) {
            screen.line(screen.paint(Paint::kStrong, row.code));
            if (errand.quiet()) continue;
            screen.wrapped("  why   " + std::string(row.cause), 8);
            screen.wrapped("  do    " + std::string(row.fix), 8);
        }
    });
}

}  // namespace sov::ctl::verbs
