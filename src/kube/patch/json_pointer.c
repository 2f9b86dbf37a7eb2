// SPDX-License-Identifier: Apache-2.0
#include "kube/patch/json_pointer.h"

// One key up to its end; ~1 is '/', ~0 is '~', from left to right.
static err_t unescape(struct arena *arena, bytes_t key, bytes_t *ret_key)
{
    if (key.size == 0 || memchr(key.data, '~', key.size) == NULL) {
        *ret_key = key;
        return ERR_OK;
    }
    uint8_t *text = arena_alloc(arena, key.size);
    size_t size = 0;
    for (size_t i = 0; i < key.size; i++) {
        uint8_t byte = key.data[i];
        if (byte == '~') {
            uint8_t which = ++i < key.size ? key.data[i] : 0;
            if (which != '0' && which != '1')
                return ERR_MALFORMED;
            byte = which == '0' ? '~' : '/';
        }
        text[size++] = byte;
    }
    *ret_key = bytes_of(text, size);
    return ERR_OK;
}

err_t json_pointer_parse(struct arena *arena, bytes_t text, struct json_pointer *ret_pointer)
{
    ret_pointer->count = 0;
    if (text.size > 0 && text.data[0] != '/')
        return ERR_MALFORMED;
    for (size_t at = 0; at < text.size;) {
        if (ret_pointer->count == JSON_DEPTH_MAX)
            return ERR_TOO_LARGE;
        const uint8_t *start = text.data + at + 1, *slash = memchr(start, '/', text.size - at - 1);
        size_t size = slash == NULL ? text.size - at - 1 : (size_t)(slash - start);
        err_t err = unescape(arena, bytes_of(start, size), &ret_pointer->keys[ret_pointer->count]);
        if (err != ERR_OK)
            return err;
        ret_pointer->count++;
        at += size + 1;
    }
    return ERR_OK;
}

err_t json_pointer_index(bytes_t key, size_t *ret_index)
{
    int64_t number;
    bool negative = key.size > 1 && key.data[0] == '-';
    bytes_t digits = negative ? bytes_of(key.data + 1, key.size - 1) : key;
    if (digits.size == 0 || (digits.size > 1 && digits.data[0] == '0'))
        return ERR_MALFORMED;
    for (size_t i = 0; i < digits.size; i++) {
        if (digits.data[i] < '0' || digits.data[i] > '9')
            return ERR_MALFORMED;
    }
    if (negative || !bytes_to_int64(digits, &number))
        return ERR_OUT_OF_RANGE;
    *ret_index = (size_t)number;
    return ERR_OK;
}
