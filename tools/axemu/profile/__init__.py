"""`axemu profile`: how many instructions each function, line and instruction took."""
