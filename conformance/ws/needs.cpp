// SPDX-License-Identifier: Apache-2.0
#include "needs.hpp"

#include "conformance/need_words.hpp"

namespace conformance::ws
{

namespace
{

constexpr NeedWord<Needs> words[] = {
    {"nbd-server", Needs::nbdServer, "an NBD server is behind it"},
    {"nbd-client", Needs::nbdClient,
     "an NBD client is behind it, which reads on"},
    {"echo", Needs::echo, "it sends back what it gets"},
    {"tls", Needs::tls, "it speaks wss"},
    {"credentials", Needs::credentials, "nobody gets in without them"},
    {"one-client", Needs::oneClient, "a second client is refused"},
    {"two-slots", Needs::twoSlots, "another path is a slot of its own"},
    {"backend-ends", Needs::backendEnds, "what is behind it ends by itself"},
    {"client-certificate", Needs::clientCertificate,
     "nobody gets in without a certificate"},
};

constexpr std::span<const NeedWord<Needs>> all(words);

} // namespace

std::optional<Needs> parseNeed(std::string_view word)
{
    return conformance::parseNeed(all, word);
}

std::string describe(Needs needs)
{
    return describeNeeds(all, needs);
}

std::vector<std::string> explain(Needs needs)
{
    return explainNeeds(all, needs);
}

} // namespace conformance::ws
