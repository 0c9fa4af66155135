#pragma once

// One function per verb, one file each. A verb asks the daemon through the errand it is given,
// answers through it and returns the exit code.

namespace sov::ctl {

class Errand;

namespace verbs {

int status(Errand& errand);
int whoami(Errand& errand);
int peers(Errand& errand);
int events(Errand& errand);
int find(Errand& errand);
int name_claim(Errand& errand);
int name_release(Errand& errand);
int name_list(Errand& errand);
int name_forget(Errand& errand);
int dht_table(Errand& errand);
int dht_get(Errand& errand);
int dht_trace(Errand& errand);
int dht_put(Errand& errand);
int dht_held(Errand& errand);
int config_check(Errand& errand);
int config_reload(Errand& errand);
int log_level(Errand& errand);
int layer_on(Errand& errand);
int layer_off(Errand& errand);
int shutdown(Errand& errand);
int version(Errand& errand);
int completion(Errand& errand);
int help(Errand& errand);

}  // namespace verbs
}  // namespace sov::ctl
