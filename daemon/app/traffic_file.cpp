#include "daemon/app/traffic_file.h"

#include <cstdio>
#include <fstream>

namespace sov::app {

namespace {

constexpr const char* kTrafficHead = "sovereign-traffic 1";
constexpr std::size_t kMonthsRead = 16;

}  // namespace

std::vector<guard::TrafficBudget::Month> TrafficFile::load() const {
    std::ifstream in(path_);
    std::string head;
    std::vector<guard::TrafficBudget::Month> months;
    if (!std::getline(in, head) || head != kTrafficHead) return months;
    guard::TrafficBudget::Month month;
    while (months.size() < kMonthsRead && in >> month.number >> month.bytes)
        months.push_back(month);
    return months;
}

bool TrafficFile::save(const std::vector<guard::TrafficBudget::Month>& months) const {
    const std::string fresh = path_ + ".new";
    {
        std::ofstream out(fresh, std::ios::trunc);
        out << kTrafficHead << '\n';
        for (const auto& month : months) out << month.number << ' ' << month.bytes << '\n';
        if (!out.flush()) return false;
    }
    return std::rename(fresh.c_str(), path_.c_str()) == 0;
}

}  // namespace sov::app
