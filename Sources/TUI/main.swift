print("diva-tui")
