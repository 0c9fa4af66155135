#pragma once

#include "daemon/core/base/instant.h"
#include "daemon/core/base/rng.h"

namespace sov::sim {

/// How long nodes stay: a Weibull distribution with shape 0.5, which is what was measured in real
/// networks (0.34 to 0.59: Stutzbach and Rejaie, "Understanding churn in peer-to-peer networks",
/// IMC 2006), and a mean of twenty minutes, so that half of a network leaves in ten: the median is
/// under five minutes, one in a hundred stays for more than three hours. Whole numbers only.
Duration whole_session(Rng& rng);
/// What is left of the session of somebody who is met at a random time: long ones are met more
/// often.
Duration remaining_session(Rng& rng);

}  // namespace sov::sim
