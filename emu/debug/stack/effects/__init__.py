"""What instructions do to a frame, family by family: as much as prologues and epilogues need, from Capstone's text.

Each module has `effect(state, mnemonic, operands) -> Flow`: it changes `state` and says where the instruction leads.
Registers are named as Capstone prints them, without its marks; what is written and not understood is forgotten.
"""
