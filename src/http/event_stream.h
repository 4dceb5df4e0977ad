// Server-sent events (WHATWG HTML, section 9.2.6) as they pass: fed with any split of the bytes, tells each whole event. Looks at
// the bytes where they lie; only an event that is split over two feeds is copied. An event beyond limits::event_bytes_max is
// counted and skipped: watching is not worth holding a stream.
#pragma once

#include "base/limits.h"

#include <cstring>
#include <string>
#include <string_view>

namespace sallyport::http {

class EventStream {
public:
    // `told(event, data)`: `event` is empty where the stream names none; several data lines are joined by LF.
    template <class Told> void feed(std::string_view bytes, Told&& told) {
        while (!bytes.empty()) {
            const auto* newline = static_cast<const char*>(std::memchr(bytes.data(), '\n', bytes.size()));
            if (newline == nullptr) {
                keep(bytes);
                return;
            }
            const auto length = static_cast<std::size_t>(newline - bytes.data());
            std::string_view line = bytes.substr(0, length);
            bytes.remove_prefix(length + 1);
            if (!line_.empty() || skipping_) {
                keep(line);
                line = line_;
            }
            if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
            if (!skipping_) take_line(line, told);
            skipping_ = false;
            line_.clear();
        }
    }
    std::size_t skipped() const { return skipped_; }

private:
    void keep(std::string_view bytes) {
        if (skipping_) return;
        if (line_.size() + bytes.size() > limits::event_bytes_max) {
            ++skipped_;
            skipping_ = true;
            line_.clear();
            return;
        }
        line_.append(bytes);
    }

    template <class Told> void take_line(std::string_view line, Told&& told) {
        if (line.empty()) {
            if (has_data_) told(std::string_view(event_), std::string_view(data_));
            event_.clear();
            data_.clear();
            has_data_ = false;
            return;
        }
        const std::size_t colon = line.find(':');
        if (colon == 0) return; // a comment
        const std::string_view field = line.substr(0, colon);
        std::string_view value = colon == std::string_view::npos ? std::string_view() : line.substr(colon + 1);
        if (!value.empty() && value[0] == ' ') value.remove_prefix(1);
        if (field == "data") {
            if (has_data_) data_ += '\n';
            if (data_.size() + value.size() <= limits::event_bytes_max) data_.append(value);
            else ++skipped_;
            has_data_ = true;
        } else if (field == "event") {
            event_.assign(value);
        }
    }

    std::string line_; // the unfinished line
    std::string event_;
    std::string data_;
    bool has_data_ = false;
    bool skipping_ = false;
    std::size_t skipped_ = 0;
};

} // namespace sallyport::http
