// The findings of one client as they come up: the same again is counted, not repeated. One thread.
#pragma once

#include "lab/finding.h"

#include <map>
#include <string>
#include <vector>

namespace sallyport::lab {

class Findings {
public:
    // Where the text that is scanned now lies. `base`: offset of its first byte in the file.
    void at(std::string file, std::string part, std::uint64_t base) {
        place_ = {std::move(file), std::move(part), base};
    }
    // `offset`: in the text that is scanned now. Nothing more is kept beyond limits::client_concealed_max, but counted.
    void add(Finding finding, std::size_t offset);
    std::vector<Finding> take() { return std::move(found_); }
    std::uint64_t left_out() const { return left_out_; }

private:
    Place place_;
    std::vector<Finding> found_;
    std::map<std::string, std::size_t, std::less<>> seen_; // kind, text and reasons
    std::uint64_t left_out_ = 0;
};

} // namespace sallyport::lab
