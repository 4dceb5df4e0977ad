// Lines of a file or of standard input, one after the other, in a buffer of bounded size: logs are larger than memory.
#pragma once

#include "base/error.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace sallyport::endpoint {

inline constexpr std::size_t log_line_bytes_max = 64 * 1024;

class LineSource {
public:
    // "-": standard input. A pipe that nobody writes to is refused, not waited for.
    static Result<LineSource> open(const std::filesystem::path& path);
    LineSource(LineSource&& other) noexcept;
    LineSource& operator=(LineSource&&) = delete;
    ~LineSource();

    // The next line without its end, valid until the next call; false at the end. One that is too long is empty and `cut`.
    bool next(std::string_view& line, bool& cut);
    std::uint64_t bytes() const { return bytes_; }
    bool failed() const { return failed_; } // reading ended by an error

private:
    explicit LineSource(int file) : file_(file) {}
    int file_;
    bool ended_ = false, failed_ = false;
    std::uint64_t bytes_ = 0;
    std::string buffer_;
    std::size_t begin_ = 0;
};

} // namespace sallyport::endpoint
