// SPDX-License-Identifier: Apache-2.0
#include "table.hpp"

#include <algorithm>
#include <cassert>

namespace bench
{

namespace
{

std::string trimmedRight(std::string line)
{
    line.erase(line.find_last_not_of(' ') + 1);
    return line;
}

} // namespace

Table::Table(Cells names, size_t left) :
    head(std::move(names)), leftColumns(left)
{
    for (const std::string& name : head)
    {
        widths.push_back(name.size());
    }
}

void Table::add(Cells cells)
{
    assert(cells.size() == head.size());
    for (size_t i = 0; i < cells.size(); ++i)
    {
        widths[i] = std::max(widths[i], cells[i].size());
    }
    rows.push_back(std::move(cells));
}

void Table::gap()
{
    rows.emplace_back();
}

std::string Table::pad(const std::string& cell, size_t column) const
{
    const std::string spaces(widths[column] - cell.size(), ' ');
    return column < leftColumns ? cell + spaces : spaces + cell;
}

std::string Table::text() const
{
    std::string out;
    const auto line = [&](const Cells& cells) {
        std::string row;
        for (size_t i = 0; i < cells.size(); ++i)
        {
            row += (i == 0 ? "" : "  ") + pad(cells[i], i);
        }
        out += trimmedRight(std::move(row)) + '\n';
    };
    line(head);
    std::ranges::for_each(rows, line);
    return out;
}

std::string Table::markdown() const
{
    std::string out;
    const auto line = [&](const Cells& cells) {
        out += '|';
        for (size_t i = 0; i < cells.size(); ++i)
        {
            out += ' ' + pad(cells[i], i) + " |";
        }
        out += '\n';
    };
    line(head);
    out += '|';
    for (size_t i = 0; i < head.size(); ++i)
    {
        out += ' ' + std::string(std::max<size_t>(widths[i], 3) - 1, '-') +
               (i < leftColumns ? '-' : ':') + " |";
    }
    out += '\n';
    for (const Cells& cells : rows)
    {
        if (!cells.empty())
        {
            line(cells);
        }
    }
    return out;
}

} // namespace bench
