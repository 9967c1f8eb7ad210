// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace vmedia::httpd
{

/// One medium that can be opened: /nbd/NAME.
struct SlotView
{
    std::string name;
    bool inUse;
};

/// What of a request matters to us; absent headers are empty.
struct RequestView
{
    std::string_view method;
    std::string_view target;
    std::string_view host;
    std::string_view origin;
    bool hasOrigin = false;
    bool isUpgrade = false;        ///< Upgrade: websocket, Connection too
    std::string_view key{};        ///< Sec-WebSocket-Key
    std::string_view version{};    ///< Sec-WebSocket-Version
    bool extensionsAreWell = true; ///< see isExtensionList()
    bool isAtLeastHttp11 = true;
    bool hasBody = false;
};

/// What to do with a request of a user who is known.
struct Decision
{
    int status;         ///< 101: open `slot`
    std::string text{}; ///< the body, one line unless 200
    std::string slot{};
};

/// All is decided here, before anything is answered: Beast upgrades even if a
/// decorator sets an error status, and a client that saw 401 could go on.
///
///   unknown path or slot ............................ 404
///   known path, not GET ............................. 405
///   / ............................................... 200, list of slots
///   /nbd/NAME without an upgrade, or to a version
///   that is not 13 .................................. 426
///   malformed WebSocket handshake ................... 400
///   Origin that is not our own host:port ............ 403
///   slot in use ..................................... 409
///   else ............................................ 101
Decision decide(const RequestView& request, const std::vector<SlotView>& slots);

} // namespace vmedia::httpd
