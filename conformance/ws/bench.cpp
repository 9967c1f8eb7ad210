// SPDX-License-Identifier: Apache-2.0
#include "bench.hpp"

#include "conformance/aftermath.hpp"
#include "conformance/wire/secrets.hpp"
#include "conformance/ws/conversation.hpp"
#include "conformance/ws/probe.hpp"

#include <fmt/format.h>

namespace conformance::ws
{

Bench::Bench(Profile told, std::optional<StartLine> how, Times with) :
    profile(std::move(told)), line(std::move(how)), times(with)
{}

vmedia::Result<void> Bench::open(uint64_t seed)
{
    imageSeed = seed;
    if (line)
    {
        if (auto started = start(); !started)
        {
            return started;
        }
    }
    if (probed)
    {
        return {};
    }
    auto found = probe(profile, times.answer);
    if (!found)
    {
        if (const auto ended = spawned ? spawned->ending() : std::nullopt)
        {
            found.error().what += "; the target ended with " + *ended;
        }
        return tl::unexpected(found.error());
    }
    profile = std::move(*found);
    probed = true;
    return {};
}

void Bench::stop()
{
    spawned.reset();
}

vmedia::Result<void> Bench::start()
{
    spawned.reset(); // first: two targets could share a {port}
    auto started = Spawned::start(*line, imageSeed, times.start);
    if (!started)
    {
        return tl::unexpected(started.error());
    }
    spawned = std::move(*started);
    profile.endpoint.address = spawned->address();
    const Address& at = profile.endpoint.address;
    profile.endpoint.host = at.socket.empty()
                                ? fmt::format("{}:{}", at.host, at.port)
                                : "localhost";
    return {};
}

void Bench::run(const Case& one, uint64_t seed, Record& record)
{
    const auto log = std::make_shared<WireLog>();
    {
        Peer peer(profile, times.answer, seed, spawned.get(), log);
        record.verdict = one.run(peer);
    }
    record.wire = log->take();
    record.verdict = judged(std::move(record.verdict), one.level);
    noteSanitizer(spawned.get(), record);
    blame(one, record);
    if (!line) // what we made for a target of our own opens nothing else
    {
        hideSecrets(record);
    }
}

void Bench::hideSecrets(Record& record) const
{
    Secrets secrets;
    for (const auto& [name, value] : profile.endpoint.credentials)
    {
        // "Basic …", "Bearer …": the scheme is no secret
        secrets.add(value.substr(value.find(' ') + 1));
    }
    secrets.hide(record.wire);
    secrets.hide(record.verdict.got);
}

/// What is wrong with the service for a new client; nothing if it is served.
std::string Bench::nextClient()
{
    Peer next(profile, times.answer, imageSeed);
    next.open();
    if (const auto conversation = converse(next);
        conversation && !next.stopped())
    {
        conversation->begin(next);
        next.sendData(conversation->next(next, 1));
        conversation->wantAnswer(next);
    }
    next.closeWell();
    // Only that it serves: how well it closes is for the cases to say.
    return next.verdict().outcome == Outcome::warn ? std::string()
                                                   : next.verdict().got;
}

void Bench::blame(const Case& one, Record& record)
{
    if (spawned)
    {
        spawned->settle(); // or the next client might come too early
    }
    const std::string fault = nextClient();
    if (fault.empty())
    {
        return;
    }
    noteNotServed(spawned.get(), fault, times.answer, record);
    if (!line || !start())
    {
        diedIn = one.id;
    }
}

} // namespace conformance::ws
