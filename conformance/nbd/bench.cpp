// SPDX-License-Identifier: Apache-2.0
#include "bench.hpp"

#include "conformance/aftermath.hpp"
#include "conformance/nbd/peer.hpp"

#include <fmt/format.h>

namespace conformance::nbd
{

using vmedia::nbd::Info;
using vmedia::nbd::InfoExport;
using vmedia::nbd::Opt;
using vmedia::nbd::Rep;

namespace
{

constexpr bool offersTls(Needs offers)
{
    return covers(offers, Needs::tlsOn) || covers(offers, Needs::tlsRequired);
}

} // namespace

Bench::Bench(Target there, Profile told, Times with) :
    times(with), address(std::move(there.address)),
    exportName(std::move(there.exportName)), profile(std::move(told))
{}

Bench::Bench(TargetMode started, std::shared_ptr<const Keys> keys, Times with) :
    times(with), mode(std::move(started)), exportName(mode->exportName)
{
    profile.offers = mode->offers;
    profile.tlsOnlyExport = mode->tlsOnlyExport;
    profile.keys = std::move(keys);
    if (profile.keys)
    {
        mode->start.values.merge(profile.keys->placeholders());
        profile.credentials = covers(profile.offers, Needs::psk)
                                  ? profile.keys->alice
                                  : profile.keys->client;
    }
}

vmedia::Result<void> Bench::open(uint64_t seed)
{
    imageSeed = seed;
    if (mode)
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
    auto found = probe(address, profile, exportName, times.answer);
    if (!found)
    {
        return tl::unexpected(explained(std::move(found.error())));
    }
    if (found->requiresTls && !covers(profile.offers, Needs::tlsRequired))
    {
        return vmedia::fail(vmedia::Errc::refused,
                            "the target wants TLS before anything else",
                            "give the URI with nbds and tls-psk-file=FILE or "
                            "tls-certificates=DIR");
    }
    profile = std::move(*found);
    probed = true;
    // Where TLS does not work, the cases about TLS are there to say so.
    return offersTls(profile.offers) ? vmedia::Result<void>{} : beSane();
}

void Bench::stop()
{
    spawned.reset();
}

void Bench::run(const Case& one, uint64_t seed, Record& record)
{
    const auto log = std::make_shared<WireLog>();
    {
        Peer peer(address, profile, times.answer, seed, spawned.get(), log);
        if (one.start == Start::haggling)
        {
            peer.start();
        }
        // A session that did not even begin is no fault of the case.
        record.verdict = peer.stopped() ? peer.verdict() : one.run(peer);
    }
    record.wire = log->take();
    record.verdict = judged(std::move(record.verdict), one.level);
    noteSanitizer(spawned.get(), record);
    if (!one.endsTarget)
    {
        blame(one, record);
    }
    else if (spawned)
    {
        again(one);
    }
}

/// One plain visit, and a client after it: without that, each case would
/// fail for a reason of its own.
vmedia::Result<void> Bench::beSane()
{
    Peer visitor(address, profile, times.answer, 0);
    visitor.start();
    if (profile.insistsOnSizes) // it may hang up on who cannot ask for them
    {
        visitor.sendInfo(Opt::go, profile.exportName, {Info::blockSize});
        visitor.wantReply(Opt::go, Rep::ack);
    }
    else
    {
        visitor.sendOption(Opt::exportName, profile.exportName);
        visitor.wantBytes(InfoExport::wireSize - sizeof(Info), "an export");
    }
    visitor.sendDisconnect();
    visitor.wantClosed();
    visitor.hangUp();
    const std::string fault = nextClient();
    if (fault.empty())
    {
        return {};
    }
    return tl::unexpected(explained(
        {vmedia::Errc::io,
         "a second client was not served: " + fault,
         {},
         "let the target serve one client after the other (qemu-nbd -t)"}));
}

vmedia::Error Bench::explained(vmedia::Error error) const
{
    if (const auto ended = ending())
    {
        error.what += "; the target ended with " + *ended;
    }
    return error;
}

vmedia::Result<void> Bench::start()
{
    spawned.reset(); // first: two targets could share a {port}
    auto started = Spawned::start(mode->start, imageSeed, times.start);
    if (!started)
    {
        return tl::unexpected(started.error());
    }
    spawned = std::move(*started);
    address = spawned->address();
    return {};
}

std::optional<std::string> Bench::ending() const
{
    return spawned ? spawned->ending(times.answer) : std::nullopt;
}

/// What is wrong with the service for a new client; nothing if it is served.
/// A server that crashed, or that one client can wedge for all the others,
/// shows here.
std::string Bench::nextClient()
{
    Peer next(address, profile, times.answer, 0);
    next.connect();
    next.wantBytes(sizeof(uint64_t), "a greeting");
    return next.verdict().got;
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
    again(one);
}

void Bench::again(const Case& one)
{
    if (!spawned || !start())
    {
        diedIn = one.id;
    }
}

} // namespace conformance::nbd
