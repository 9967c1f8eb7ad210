// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace conformance
{

/// What every page has between its tags <style> and <script>.
extern const char* const pageStyle;
extern const char* const pageScript;

} // namespace conformance
