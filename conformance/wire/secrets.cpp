// SPDX-License-Identifier: Apache-2.0
#include "secrets.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace conformance
{

namespace
{

constexpr size_t shortestPart = 3;
constexpr char cover = '*';

/// What went one way over one connection and was kept without a gap.
class Run
{
  public:
    void add(vmedia::nbd::Bytes& piece)
    {
        for (std::byte& byte : piece)
        {
            text += static_cast<char>(byte);
            at.push_back(&byte);
        }
    }

    void hide(const std::string& secret)
    {
        for (size_t found = text.find(secret); found != std::string::npos;
             found = text.find(secret, found + secret.size()))
        {
            coverFrom(found, secret.size());
        }
        for (size_t part = std::min(secret.size() - 1, text.size());
             part >= shortestPart; --part)
        {
            const std::string_view all(secret);
            if (text.ends_with(all.substr(0, part)))
            {
                coverFrom(text.size() - part, part);
            }
            if (text.starts_with(all.substr(all.size() - part)))
            {
                coverFrom(0, part);
            }
        }
    }

  private:
    void coverFrom(size_t from, size_t size)
    {
        for (size_t i = from; i < from + size; ++i)
        {
            *at[i] = static_cast<std::byte>(cover);
        }
    }

    std::string text; ///< as it was, for a secret may begin within another
    std::vector<std::byte*> at;
};

} // namespace

void Secrets::add(std::string secret)
{
    if (!secret.empty())
    {
        all.push_back(std::move(secret));
    }
}

void Secrets::hide(Wire& wire) const
{
    std::vector<Run> done;
    std::map<std::pair<uint32_t, WireKind>, Run> open;
    const auto end = [&](uint32_t connection, WireKind way) {
        if (auto run = open.extract({connection, way}))
        {
            done.push_back(std::move(run.mapped()));
        }
    };
    for (WireEntry& entry : wire.entries)
    {
        if (entry.isBytes())
        {
            open[{entry.connection, entry.kind}].add(entry.head);
            if (entry.missing() != 0)
            {
                end(entry.connection, entry.kind);
            }
            open[{entry.connection, entry.kind}].add(entry.tail);
        }
        for (const WireLoss& loss : entry.lost)
        {
            end(loss.connection, WireKind::sent);
            end(loss.connection, WireKind::received);
        }
    }
    for (auto& [way, run] : open)
    {
        done.push_back(std::move(run));
    }
    for (Run& run : done)
    {
        for (const std::string& secret : all)
        {
            run.hide(secret);
        }
    }
}

void Secrets::hide(std::string& text) const
{
    for (const std::string& secret : all)
    {
        for (size_t found = text.find(secret); found != std::string::npos;
             found = text.find(secret, found + secret.size()))
        {
            text.replace(found, secret.size(), secret.size(), cover);
        }
    }
}

} // namespace conformance
