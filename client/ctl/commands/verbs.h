#pragma once

// One function per verb, one file each or one for a family of verbs. A verb asks the daemon through
// the errand it is given, answers through it and returns the exit code.

namespace sov::ctl {

class Errand;

namespace verbs {

int status(Errand& errand);
int whoami(Errand& errand);
int peers(Errand& errand);
int browse(Errand& errand);
int doctor(Errand& errand);
int netcheck(Errand& errand);
int events(Errand& errand);
int stats(Errand& errand);
int graph(Errand& errand);
int top(Errand& errand);
int find(Errand& errand);
int name_claim(Errand& errand);
int name_release(Errand& errand);
int name_list(Errand& errand);
int name_forget(Errand& errand);
int friend_add(Errand& errand);
int friend_remove(Errand& errand);
int friend_repin(Errand& errand);
int friend_list(Errand& errand);
int connect(Errand& errand);
int disconnect(Errand& errand);
int connections(Errand& errand);
int ping(Errand& errand);
int pipe(Errand& errand);
int send(Errand& errand);
int recv(Errand& errand);
int expose(Errand& errand);
int forward(Errand& errand);
int request(Errand& errand);
int answer(Errand& errand);
int msg(Errand& errand);
int inbox(Errand& errand);
int outbox_list(Errand& errand);
int outbox_cancel(Errand& errand);
int presence_set(Errand& errand);
int presence_show(Errand& errand);
int dht_table(Errand& errand);
int dht_get(Errand& errand);
int dht_trace(Errand& errand);
int dht_put(Errand& errand);
int dht_withdraw(Errand& errand);
int dht_listen(Errand& errand);
int dht_held(Errand& errand);
int dht_own(Errand& errand);
int dht_let_go(Errand& errand);
int mailbox_send(Errand& errand);
int mailbox_list(Errand& errand);
int mailbox_fetch(Errand& errand);
int peer_why(Errand& errand);
int bugreport(Errand& errand);
int errors(Errand& errand);
int identity_show(Errand& errand);
int identity_export(Errand& errand);
int identity_import(Errand& errand);
int identity_verify(Errand& errand);
int identity_rotate(Errand& errand);
int block(Errand& errand);
int unblock(Errand& errand);
int bootstrap_sign(Errand& errand);
int bootstrap_verify(Errand& errand);
int bootstrap_show(Errand& errand);
int bootstrap_publish(Errand& errand);
int dht_provide(Errand& errand);
int dht_providers(Errand& errand);
int service_offer(Errand& errand);
int service_find(Errand& errand);
int service_list(Errand& errand);
int service_withdraw(Errand& errand);
int content_provide(Errand& errand);
int content_find(Errand& errand);
int content_list(Errand& errand);
int content_withdraw(Errand& errand);
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
