// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>

namespace CLI
{
class App;
} // namespace CLI

namespace vmedia::websocket
{

/// `vmedia-nbd push IMAGE wss://host/nbd/0`: dials out and serves NBD over
/// the WebSocket, as a browser page does.
struct PushOptions
{
    std::string image;
    std::string url;
    std::string user;
    std::string passwordFile;
    std::string caFile;
    bool insecure = false;
    bool writable = false;
    unsigned timeout = 30; ///< seconds for dialling
    bool quiet = false;
};

CLI::App* addPush(CLI::App& app, PushOptions& options);

/// Serves until the BMC ends the session. Exit status: 0 if it did so in
/// order, 1 if it could not be served to the end, 2 usage, 130 after Ctrl-C.
int runPush(const PushOptions& options);

} // namespace vmedia::websocket
