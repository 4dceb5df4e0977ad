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
            } else if (line.size() > limits::event_bytes_max) {
                too_large();
                continue;
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
            too_large();
            skipping_ = true;
            line_.clear();
            return;
        }
        line_.append(bytes);
    }

    // The event that is being read is skipped up to its blank line.
    void too_large() {
        if (!oversize_) ++skipped_;
        oversize_ = true;
        data_.clear();
    }

    template <class Told> void take_line(std::string_view line, Told&& told) {
        if (line.empty()) {
            if (has_data_ && !oversize_) told(std::string_view(event_), std::string_view(data_));
            oversize_ = false;
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
            if (data_.size() + value.size() + 1 > limits::event_bytes_max) too_large();
            if (!oversize_) {
                if (has_data_) data_ += '\n';
                data_.append(value);
            }
            has_data_ = true;
        } else if (field == "event") {
            event_.assign(value);
        }
    }

    std::string line_; // the unfinished line
    std::string event_;
    std::string data_;
    bool has_data_ = false;
    bool skipping_ = false; // the rest of this line
    bool oversize_ = false; // the rest of this event
    std::size_t skipped_ = 0;
};

} // namespace sallyport::http
