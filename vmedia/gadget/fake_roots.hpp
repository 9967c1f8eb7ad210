// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "controllers.hpp"
#include "fixtures/temp_dir.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <gtest/gtest.h>

namespace vmedia::gadget
{

/// Roots in a directory, where fixtures/fake_configfs.cpp is the kernel.
class FakeRoots : public testing::Test
{
  protected:
    FakeRoots()
    {
        std::filesystem::create_directories(roots.gadgets());
        std::filesystem::create_directories(roots.udcClass);
        std::ofstream(medium) << "x";
        std::filesystem::resize_file(medium, 1 << 20);
    }

    void addController(const std::string& name, int refuses = 0) const
    {
        const auto place = std::filesystem::path(roots.udcClass) / name;
        std::filesystem::create_directory(place);
        if (refuses != 0)
        {
            std::ofstream(place / "refuses") << refuses;
        }
    }

    /// Somebody else's gadget, on @p controller.
    void hold(const std::string& controller) const
    {
        const auto place = std::filesystem::path(roots.gadgets()) /
                           ("other-" + controller);
        std::filesystem::create_directory(place);
        std::ofstream(place / "was") << controller;
        std::filesystem::rename(place / "was", place / "UDC");
    }

    static std::string read(const std::filesystem::path& file)
    {
        std::ifstream stream(file);
        return {std::istreambuf_iterator<char>(stream), {}};
    }

    const fixtures::TempDir folder;
    const Roots roots{folder.path() / "config", folder.path() / "udc"};
    const std::string medium = folder.path() / "medium";
};

} // namespace vmedia::gadget
