#include "client/ctl/completion.h"

#include "client/ctl/commands/verbs.h"
#include "client/ctl/errand.h"

namespace sov::ctl::verbs {

int completion(Errand& errand) {
    const std::string shell = errand.argument();
    const std::string script = completion_script(shell).value_or("");
    json::Object data;
    data.set("shell", shell).set("script", script);
    return errand.raw(std::move(data), script);
}

}  // namespace sov::ctl::verbs
