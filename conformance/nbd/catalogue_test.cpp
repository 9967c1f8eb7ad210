// SPDX-License-Identifier: Apache-2.0
#include "conformance/nbd/all_cases.hpp"

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace conformance::nbd
{

namespace
{

std::vector<std::string> split(const std::string& text, char at)
{
    std::vector<std::string> parts;
    std::stringstream stream(text);
    for (std::string part; std::getline(stream, part, at);)
    {
        parts.push_back(part);
    }
    return parts;
}

} // namespace

/// catalogue/*.tsv: each row of the catalogue of requirements has cases, or a
/// reason why it has none.
TEST(Catalogue, everyRowHasCasesOrAReason)
{
    std::set<std::string> ids;
    for (const Case* one : casesLike(""))
    {
        ids.emplace(one->id);
    }
    std::set<std::string> seen;
    for (const auto& file :
         std::filesystem::directory_iterator(VMEDIA_CATALOGUE_DIRECTORY))
    {
        std::ifstream lines(file.path());
        for (std::string line; std::getline(lines, line);)
        {
            if (line.starts_with("#"))
            {
                continue;
            }
            const auto columns = split(line, '\t');
            ASSERT_GE(columns.size(), 2U) << file.path() << ": " << line;
            EXPECT_TRUE(seen.insert(columns[0]).second)
                << columns[0] << " is there twice";
            const auto cases = split(columns[1], ',');
            EXPECT_NE(cases.empty(), columns.size() == 2)
                << line << ": either cases or a reason";
            for (const std::string& id : cases)
            {
                EXPECT_TRUE(ids.contains(id)) << line << ": no such case";
            }
        }
    }
    EXPECT_FALSE(seen.empty());
}

} // namespace conformance::nbd
