/* config_outbound.h: the key "outbound": rules (rules.h), the proxy, and what of it is logged. */
#ifndef MAYFLY_GATEWAY_CONFIG_OUTBOUND_H
#define MAYFLY_GATEWAY_CONFIG_OUTBOUND_H

#include "gateway/config_reading.h"

void config_read_outbound(struct reading *r, uint32_t node);
void config_free_outbound(struct config *c);

#endif
