"""Personal data as screens show it: enough to recognise one's own, too little to learn another's."""

HIDDEN = "*"


def mask_phone(phone: str | None) -> str:
    """13800138000 → 138****8000; shorter texts are hidden but for the last two characters."""
    if not phone:
        return ""
    if len(phone) < 11:
        return HIDDEN * max(len(phone) - 2, 1) + phone[-2:]
    return f"{phone[:3]}{HIDDEN * 4}{phone[-4:]}"


def mask_name(name: str | None) -> str:
    """林小满 → 林**; a name keeps its first character."""
    return f"{name[0]}{HIDDEN * max(len(name) - 1, 1)}" if name else ""


def mask_id_number(id_number: str | None) -> str:
    """441702199001011234 → 441***********1234; birthday and serial stay hidden."""
    if not id_number:
        return ""
    return f"{id_number[:3]}{HIDDEN * max(len(id_number) - 7, 1)}{id_number[-4:]}"
