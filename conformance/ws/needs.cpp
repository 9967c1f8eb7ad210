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

constexpr NeedWord<Needs> clientWords[] = {
    {"media", Needs::nbdServer, "it serves NBD"},
    {"dialer", Needs::nbdClient, "it is an NBD client, which reads on"},
    {"tls", Needs::tls, "it trusts {ca}, and so takes wss"},
    {"credentials", Needs::credentials, "it was told whom to log in"},
    {"browser", Needs::browser, "it is a browser, or works as one"},
    {"image", Needs::image, "what it serves is {image}"},
};

std::span<const NeedWord<Needs>> wordsOf(Subject subject)
{
    return subject == Subject::server
               ? std::span<const NeedWord<Needs>>(words)
               : std::span<const NeedWord<Needs>>(clientWords);
}

} // namespace

std::optional<Needs> parseNeed(std::string_view word, Subject subject)
{
    return conformance::parseNeed(wordsOf(subject), word);
}

std::string describe(Needs needs, Subject subject)
{
    return describeNeeds(wordsOf(subject), needs);
}

std::vector<std::string> explain(Needs needs, Subject subject)
{
    return explainNeeds(wordsOf(subject), needs);
}

} // namespace conformance::ws
