// Answers that cost time to find and hold as long as what they depend on: a small file each in the person's state folder, which the
// boundary does not show. Whatever cannot be read or written is found anew; nothing is lost but time.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace sallyport::endpoint {

class Remembered {
public:
    explicit Remembered(std::filesystem::path folder) : folder_(std::move(folder)) {}
    // `key`: all that the answer depends on, as one line. Another key under the same `what` is another answer.
    std::optional<std::string> get(std::string_view what, std::string_view key) const;
    void put(std::string_view what, std::string_view key, std::string_view answer) const;

private:
    std::filesystem::path file_of(std::string_view what, std::string_view key) const;
    std::filesystem::path folder_;
};

} // namespace sallyport::endpoint
