// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "vmedia/error/error.hpp"

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace vmedia::proxy
{

/// One medium that can be served: `configurations.NAME` in config.json.
struct Configuration
{
    std::string name;
    std::string device;     ///< "nbd-device": /dev/nbd0
    std::string metadata;   ///< JSON text, "null" where there is none
    bool isDefault = false; ///< "default"
};

/// nbd-proxy's config.json, in the format of jsnbd:
///
///   {"timeout": 30,
///    "configurations": {
///      "0": {"nbd-device": "/dev/nbd0", "default": true,
///            "metadata": {"description": "Virtual media"}}}}
///
/// Shape:  `timeout` is in seconds and defaults to 30. Keys that we do not
///         know are ignored, as jsnbd does. Order is the file's.
/// Names:  letters, digits, '.', '_' and '-', at most 32: a name becomes a
///         URL, a hook's argument and a directory in configfs.
/// Errors: each names the file, the key and the value seen.
struct Config
{
    std::string file; ///< where it came from, for errors
    std::chrono::seconds timeout{30};
    std::vector<Configuration> configurations{};
};

Result<Config> parseConfig(std::string_view text, std::string file);
Result<Config> loadConfig(const std::string& file);

/// The configuration called @p name; with no name the default one. A single
/// configuration is the default without saying so.
Result<Configuration> selectConfiguration(const Config& config,
                                          std::string_view name);

/// {"0": {…}, "1": null}: what `nbd-proxy --metadata` prints.
std::string metadataJson(const Config& config);

} // namespace vmedia::proxy
