"""`axemu transcript`: device accesses as text; recorded, replayed without the device, compared."""
