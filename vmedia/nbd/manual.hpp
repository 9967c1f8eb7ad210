// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "vmedia/command/manual.hpp"

namespace vmedia::nbd
{

/// What vmedia-nbd's manual says beyond its options.
std::span<const command::Section> manual();

} // namespace vmedia::nbd
