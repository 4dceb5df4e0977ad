// A body as places: JSON by its leaves (raw, so that 1 and 1.0 differ), the order of keys, lists and their white space; JSON inside of
// strings, also in base64, the same way; anything else as one text. Pure.
#pragma once

#include "lab/observe.h"

#include <string>
#include <string_view>
#include <vector>

namespace sallyport::lab {

struct BodyPlace {
    std::string path, value;
    Channel channel = Channel::text;
};
// `bags`: lists of objects are taken as sets, path by path (batches of events, whose number and order are chance).
std::vector<BodyPlace> places_of_body(std::string_view body, bool bags);

} // namespace sallyport::lab
