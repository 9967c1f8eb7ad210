// SPDX-License-Identifier: Apache-2.0
#include "client_bench.hpp"

#include "conformance/spawn_line.hpp"
#include "conformance/wire/secrets.hpp"
#include "conformance/ws/peer.hpp"
#include "conformance/ws/probe.hpp"
#include "fixtures/authority.hpp"

#include <fmt/format.h>

#include <random>

namespace conformance::ws
{

namespace
{

constexpr size_t imageSize = 1 << 20;
/// For the last words of a client whose connection is gone.
constexpr std::chrono::milliseconds lastWords{20};

} // namespace

ClientBench::ClientBench(Profile told, std::string how, Times with) :
    profile(std::move(told)), line(std::move(how)), times(with)
{}

void ClientBench::writeImage() const
{
    std::mt19937_64 random(imageSeed);
    std::string bytes;
    while (bytes.size() < imageSize)
    {
        const uint64_t word = random();
        // NOLINTNEXTLINE: an integer seen as bytes
        bytes.append(reinterpret_cast<const char*>(&word), sizeof(word));
    }
    fixtures::writePrivate(directory.path() / "image", bytes);
}

vmedia::Result<std::unique_ptr<Caller>>
    ClientBench::caller(const std::string& ca)
{
    if (line.empty())
    {
        return anybody();
    }
    auto words = splitLine(line);
    if (!words)
    {
        return tl::unexpected(words.error());
    }
    fixtures::writePrivate(directory.path() / "password", "secret\n");
    const std::string image = directory.path() / "image";
    if (line.find("{image}") != std::string::npos)
    {
        writeImage();
        profile.image = image;
        profile.offers = profile.offers | Needs::image;
    }
    for (std::string& word : *words)
    {
        word = filled(std::move(word),
                      {{"image", image},
                       {"password", directory.path() / "password"},
                       {"ca", ca}});
    }
    return callerOf(std::move(*words));
}

void ClientBench::stop()
{
    gate.reset();
}

vmedia::Result<void> ClientBench::open(uint64_t seed)
{
    stop();
    imageSeed = seed;
    std::shared_ptr<const Keys> keys;
    if (profile.endpoint.secure)
    {
        auto made = Keys::make();
        if (!made)
        {
            return tl::unexpected(made.error());
        }
        keys = std::move(*made);
    }
    auto who = caller(keys ? keys->placeholders().at("pki") + "/ca-cert.pem"
                           : std::string());
    if (!who)
    {
        return tl::unexpected(who.error());
    }
    auto opened = Gate::open(std::move(*who), std::move(keys));
    if (!opened)
    {
        return tl::unexpected(opened.error());
    }
    gate = std::move(*opened);
    if (!said.empty())
    {
        return {};
    }
    auto found = probe(profile, *gate, times.start, times.answer);
    if (!found)
    {
        return tl::unexpected(found.error());
    }
    profile = found->profile;
    said = describe(*found);
    return {};
}

void ClientBench::run(const Case& one, uint64_t seed, Record& record)
{
    const auto log = std::make_shared<WireLog>();
    Secrets secrets;
    {
        Peer peer(profile, *gate, times.answer, seed, log);
        record.verdict = one.run(peer);
        peer.hangUp();
        for (const std::string_view name : {"Authorization", "Cookie"})
        {
            for (const std::string& value : peer.heardOf(name))
            {
                secrets.add(value.substr(value.find(' ') + 1));
            }
        }
        const auto told = peer.farewell(lastWords);
        if (told && told->crashed)
        {
            record.verdict = failed("the client crashed: " + told->how,
                                    "a client that survives it");
        }
    }
    record.wire = log->take();
    record.verdict = judged(std::move(record.verdict), one.level);
    if (line.empty()) // what we made for a client of our own opens nothing else
    {
        secrets.hide(record.wire);
        secrets.hide(record.verdict.got);
    }
    std::error_code failed;
    if (!profile.image.empty() &&
        std::filesystem::file_size(profile.image, failed) != imageSize)
    {
        writeImage();
    }
}

} // namespace conformance::ws
