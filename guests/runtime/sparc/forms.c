/* The rows of forms.h, of the code in forms.S. */
#include "forms.h"

#include "arch.h"

#define DECLARE_LOAD(name, result) ulong form_##name(ulong, ulong);
#define DECLARE_STORE(name, after) ulong form_##name(ulong, ulong);
#define DECLARE_OTHER(name, value, result, after) ulong form_##name(ulong, ulong);
LOADS(DECLARE_LOAD)
LOADS_V9(DECLARE_LOAD)
STORES(DECLARE_STORE)
STORES_V9(DECLARE_STORE)
OTHERS(DECLARE_OTHER)
OTHERS_V9(DECLARE_OTHER)

#define ROW_LOAD(name, result) {#name, form_##name, FORM_LOAD, 0, result, PATTERN},
#define ROW_STORE(name, after) {#name, form_##name, FORM_STORE, VALUE, ANY, after},
#define ROW_OTHER(name, value, result, after) {#name, form_##name, FORM_OTHER, value, result, after},
const struct arch_form arch_forms[] = {
    LOADS(ROW_LOAD) LOADS_V9(ROW_LOAD) STORES(ROW_STORE) STORES_V9(ROW_STORE) OTHERS(ROW_OTHER) OTHERS_V9(ROW_OTHER)
};
const u32 arch_form_count = COUNT(arch_forms);
