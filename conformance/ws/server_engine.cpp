// SPDX-License-Identifier: Apache-2.0
#include "server_engine.hpp"

#include <fmt/format.h>

namespace conformance::ws
{

ServerEngine::ServerEngine(Terms terms, Deviation deviation) :
    Engine(std::move(terms), std::move(deviation))
{}

void ServerEngine::readHead()
{
    const std::string_view bytes = heard();
    const bool lineEnds = bytes.find('\n', scanned) != std::string_view::npos;
    scanned = bytes.size();
    if (!lineEnds && bytes.size() < rules.headMax)
    {
        return;
    }
    const auto asked = ws::readHead(bytes, rules.headMax);
    if (!asked)
    {
        return;
    }
    Answer answer = ws::judge(*asked, rules.admission);
    if (deviates.answer)
    {
        deviates.answer(*asked, answer);
    }
    if (answer.silent)
    {
        return stall();
    }
    if (!answer.hangsUp)
    {
        std::string text = responseText(*asked, answer);
        if (deviates.response)
        {
            deviates.response(*asked, text);
        }
        say(text);
    }
    if (!answer.upgrades())
    {
        finish(Why::refused, 0,
               fmt::format("{} {}", answer.status,
                           answer.words.substr(0, answer.words.find('\n'))));
        return;
    }
    opened(asked->head.size(), asked->path());
}

} // namespace conformance::ws
