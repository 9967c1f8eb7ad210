// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string_view>

namespace vmedia::httpd
{

/// Whether @p value is a list of extensions by the ABNF of RFC 6455, 9.1: what
/// is not, "the recipient of such malformed data MUST immediately _Fail the
/// WebSocket Connection_". What they are called does not matter: we agree to
/// none.
bool isExtensionList(std::string_view value);

} // namespace vmedia::httpd
