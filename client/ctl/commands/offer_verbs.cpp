#include "client/ctl/commands/verbs.h"
#include "client/ctl/subjects.h"

namespace sov::ctl::verbs {

int service_offer(Errand& errand) { return offer_subjects(errand, Names::kServices); }
int service_find(Errand& errand) { return find_subject(errand, Names::kServices); }
int service_list(Errand& errand) { return list_offers(errand, Names::kServices); }
int service_withdraw(Errand& errand) { return withdraw_subjects(errand, Names::kServices); }
int content_provide(Errand& errand) { return offer_subjects(errand, Names::kContents); }
int content_find(Errand& errand) { return find_subject(errand, Names::kContents); }
int content_list(Errand& errand) { return list_offers(errand, Names::kContents); }
int content_withdraw(Errand& errand) { return withdraw_subjects(errand, Names::kContents); }
int dht_provide(Errand& errand) { return offer_subjects(errand, Names::kBoth); }
int dht_providers(Errand& errand) { return find_subject(errand, Names::kBoth); }

}  // namespace sov::ctl::verbs
