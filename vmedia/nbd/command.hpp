// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "deviation.hpp"

#include <optional>
#include <string>
#include <vector>

namespace CLI
{
class App;
} // namespace CLI

namespace vmedia::nbd
{

/// `vmedia-nbd [options] file disk.img`, in nbdkit's form.
struct ServeOptions
{
    bool foreground = false;
    std::string unixSocket;
    std::optional<std::string> address{}; ///< Endpoint has the defaults
    std::optional<uint16_t> port{};
    std::string pidFile;
    bool readOnly = false;
    std::string exportName;
    std::string description;
    std::string exportFile; ///< instead of plugin and parameters
    uint32_t connections = 100;
    unsigned negotiationSeconds = 30;
    NegotiationLimits limits{};
    uint32_t requestBytes = 32U << 20;
    unsigned requests = TransmissionLimits{}.requests;
    uint64_t bytesInHand = TransmissionLimits{}.inHand;
    std::string tls = "off"; ///< off, on or require
    std::string tlsPsk;
    std::string tlsCertificates;
    bool tlsVerifyPeer = false;
    std::string tlsCiphers;
    std::string run;    ///< a shell command; empty: none
    std::string commit; ///< of an overlay, at the end
    std::string faults; ///< a FaultPlan; empty: none
    uint64_t seed = 1;
    bool verbose = false;
    std::string log = "text";            ///< or json
    std::string plugin;                  ///< as openExport() has them
    std::vector<std::string> parameters; ///< "disk.img" or "file=disk.img"
    Deviation deviation{};               ///< none, but in a reference peer
};

void addServe(CLI::App& app, ServeOptions& options);

/// Serves until SIGINT or SIGTERM, or until the command of --run ends. Gives
/// the exit status: the command's, or 0 after an orderly end, 1 if it could
/// not serve, 2 for a usage error.
int runServe(const ServeOptions& options);

} // namespace vmedia::nbd
