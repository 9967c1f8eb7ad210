// SPDX-License-Identifier: Apache-2.0
// Input: nbd-proxy's config.json.
#include "fixtures/fuzz.hpp"
#include "vmedia/proxy/config.hpp"

#include <boost/json/parse.hpp>

using namespace vmedia;
using namespace vmedia::proxy;

std::vector<fuzz::Input> fuzz::seeds()
{
    return {
        input(R"({"timeout": 30, "configurations": {"0": {"nbd-device":)"
              R"( "/dev/nbd0", "default": true, "metadata": {"a": [1]}},)"
              R"( "1": {"nbd-device": "/dev/nbd1", "metadata": null}}})"),
        input(R"({"configurations": {"a.b-c_d": {"nbd-device": "x"}}})"),
        input(R"({"timeout": 86401, "configurations": {}})"),
        input(R"([null, true, 1e9, -7, "\ud83d\ude00\n"])"),
    };
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    const auto config = parseConfig(fuzz::text(data, size), "config.json");
    if (!config)
    {
        const std::string line = describe(config.error());
        fuzz::require(line.find('\n') == line.npos, "an error is one line");
        return 0;
    }
    using namespace std::chrono_literals;
    fuzz::require(config->timeout >= 1s && config->timeout <= 24h,
                  "the timeout is bounded");
    fuzz::require(!config->configurations.empty(), "there is something");
    for (const Configuration& one : config->configurations)
    {
        fuzz::require(selectConfiguration(*config, one.name)->name == one.name,
                      "what is configured can be selected");
        fuzz::require(one.name.size() <= 32 &&
                          one.name.find_first_of("/\n \"") == one.name.npos &&
                          !one.name.starts_with('.'),
                      "a name is fit for a path");
    }
    boost::json::error_code error;
    const auto printed = boost::json::parse(metadataJson(*config), error);
    fuzz::require(!error && printed.is_object() &&
                      printed.get_object().size() ==
                          config->configurations.size(),
                  "the metadata is JSON, one member for each configuration");
    return 0;
}
