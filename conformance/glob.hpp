// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string_view>

namespace conformance
{

/// Whether @p text is what @p pattern describes: '*' stands for any run of
/// characters (dots too), '?' for one. A pattern without either also matches
/// everything below it, so that "nbd.option" selects "nbd.option.list.twice".
bool globMatches(std::string_view pattern, std::string_view text);

} // namespace conformance
